/**
 * Bundles the programs into .build/bundle: one file per process, with chunks for what is loaded lazily.
 * Start-up time is why: hundreds of unbuilt files cost a second and 130 MB per process.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const outdir = `${root}.build/bundle`;

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    cli: 'src/cluster/programs/cli.ts',
    server: 'src/cluster/programs/server.ts',
    agent: 'src/cluster/programs/agent.ts',
    ingress: 'src/cluster/programs/ingress.ts',
    'journal-worker': 'src/store/journal/sqlite-worker.ts',
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // Its entry for Node is CommonJS, whose names a lazy import of a chunk does not see.
  alias: { yaml: `${root}node_modules/yaml/browser/index.js` },
  // Prebuilt binaries are found beside their own package files.
  external: ['@lydell/node-pty', 'esbuild'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
