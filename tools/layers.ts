/**
 * The one map of layers: which folder may import which. The lint rules are generated from it
 * (`npm run layers`), and `--check` fails when .oxlintrc.json is not what this map says.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** Folder under src/ to the folders that its files may import, besides their own. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  schema: ['base'],
  api: ['base', 'schema'],
  store: ['base'],
  apiserver: ['base', 'schema', 'api', 'store'],
  client: ['base', 'schema', 'api'],
  controllers: ['base', 'schema', 'api', 'client', 'pki'],
  scheduler: ['base', 'schema', 'api', 'client'],
  spdy: [],
  // schema: only its protobuf engine, for CRI.
  runtime: ['base', 'image', 'network', 'schema', 'spdy'],
  image: ['base'],
  pki: ['base'],
  benchmark: ['api'],
  network: ['base'],
  node: ['base', 'schema', 'api', 'client', 'runtime', 'image', 'network', 'pki', 'spdy'],
  proxy: ['base', 'schema', 'api', 'client', 'network'],
  dns: ['base', 'schema', 'api', 'client'],
  ingress: ['base', 'schema', 'api', 'client'],
  cli: ['base', 'schema', 'api', 'client'],
  cluster: [
    'base',
    'schema',
    'api',
    'store',
    'apiserver',
    'client',
    'controllers',
    'scheduler',
    'runtime',
    'image',
    'network',
    'node',
    'proxy',
    'dns',
    'ingress',
    'cli',
    'pki',
    'benchmark',
  ],
};

const timeGlobals = ['Date', 'performance', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'].map(
  (name) => ({ name, message: 'Take a Clock (src/base/clock.ts).' }),
);

const timerModules = ['node:timers', 'node:timers/promises', 'timers', 'timers/promises', 'node:perf_hooks'].map(
  (name) => ({
    name,
    message: 'Take a Clock (src/base/clock.ts).',
  }),
);

function overrideOf(folder: string): object {
  const allowed = new Set([folder, ...(layers[folder] ?? [])]);
  const banned = Object.keys(layers).filter((other) => !allowed.has(other));
  const patterns =
    banned.length === 0
      ? []
      : [
          {
            group: banned.map((other) => `**/${other}/**`),
            message: `src/${folder} may import only: ${[...allowed].join(', ')} (tools/layers.ts).`,
          },
        ];
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', { paths: timerModules, patterns }],
      'no-restricted-globals': ['error', ...timeGlobals],
    },
  };
}

function configuration(): object {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'unicorn', 'oxc', 'promise', 'vitest'],
    categories: { correctness: 'error', suspicious: 'error' },
    options: { typeAware: true },
    rules: {
      complexity: ['error', { max: 12 }],
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'typescript/no-explicit-any': 'error',
      'typescript/no-floating-promises': 'error',
      'typescript/no-misused-promises': 'error',
      'typescript/await-thenable': 'error',
      'typescript/consistent-type-imports': 'error',
      'typescript/no-non-null-assertion': 'error',
      'typescript/no-empty-object-type': 'off',
      'typescript/no-empty-interface': 'off',
      'typescript/no-unsafe-type-assertion': 'off',
      'typescript/no-unnecessary-type-parameters': 'off',
      'no-shadow': 'off',
      'no-await-in-loop': 'off',
      'no-underscore-dangle': 'off',
      'unicorn/no-array-sort': 'off',
      'unicorn/consistent-function-scoping': 'off',
      'promise/always-return': 'off',
      'vitest/require-mock-type-parameters': 'off',
      'vitest/valid-expect': ['error', { maxArgs: 2 }],
    },
    ignorePatterns: ['.build/**', '.tools/**', 'node_modules/**'],
    overrides: [
      ...Object.keys(layers).map(overrideOf),
      { files: ['src/base/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
      {
        files: ['src/cli/**/*.ts', 'src/cluster/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts', 'demo/**/*.ts'],
        rules: { 'no-console': 'off' },
      },
      {
        files: ['**/*.test.ts', 'test/**/*.ts'],
        rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', 'typescript/no-non-null-assertion': 'off' },
      },
    ],
  };
}

const target = new URL('../.oxlintrc.json', import.meta.url);
const wanted = `${JSON.stringify(configuration(), null, 2)}\n`;
if (process.argv.includes('--write')) {
  writeFileSync(target, wanted);
} else if (process.argv.includes('--check') && readFileSync(target, 'utf8') !== wanted) {
  console.error('.oxlintrc.json is not what tools/layers.ts says: run `npm run layers`');
  process.exit(1);
}
