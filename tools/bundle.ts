/**
 * Bundles the programs into .build/bundle: one file per process, with chunks for what is loaded lazily.
 * Start-up time is why: hundreds of unbuilt files cost a second and 130 MB per process.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const bundles = `${root}.build/bundles`;
const outdir = `${bundles}/${process.hrtime.bigint()}`;

mkdirSync(bundles, { recursive: true });
const { status, stdout } = spawnSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' });
await build({
  absWorkingDir: root,
  entryPoints: {
    cli: 'src/cluster/programs/cli.ts',
    server: 'src/cluster/programs/server.ts',
    agent: 'src/cluster/programs/agent.ts',
    'clear-node': 'src/cluster/programs/clear-node.ts',
    ingress: 'src/cluster/programs/ingress.ts',
    'simulated-nodes': 'src/cluster/programs/simulated-nodes.ts',
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
  // What /version tells, as releases do.
  define: {
    'process.env.CORACLE_COMMIT': JSON.stringify(status === 0 ? stdout.trim() : ''),
    'process.env.CORACLE_BUILD_DATE': JSON.stringify(`${new Date().toISOString().slice(0, 19)}Z`),
  },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// What runs sees the old bundle or the new one, never half of one.
const link = `${root}.build/bundle`;
symlinkSync(outdir, `${outdir}.link`);
try {
  renameSync(`${outdir}.link`, link);
} catch {
  // A folder from before stands there.
  rmSync(link, { recursive: true, force: true });
  renameSync(`${outdir}.link`, link);
}
// Running processes load chunks from the bundle that they were started from, and are started from it again.
for (const old of readdirSync(bundles)) {
  const folder = `${bundles}/${old}`;
  if (folder !== outdir && !isInUse(folder)) rmSync(folder, { recursive: true, force: true });
}

function isInUse(folder: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => commandLine(pid).includes(`${folder}/`));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
