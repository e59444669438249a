/** Builds the suite and the programs of its images with Debian's Go. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureSource, ensureToolchain } from './source.ts';
import { runTool, step } from '../support/tools.ts';
import type { Workplace } from './workplace.ts';

/** Leaves alone what is there already. */
export async function ensurePrograms(place: Workplace): Promise<void> {
  const small = [
    ['nonewprivs', place.noNewPrivileges],
    ['resource-consumer', place.resourceConsumer],
    ['resource-consumer/consume-cpu', place.consumeCpu],
    ['regression-issue-74839', place.connectionReset],
  ] as const;
  const targets = [place.suite, place.agnhost, ...small.map(([, target]) => target)];
  await ensureToolchain();
  // Also where all is built: images and running tests read files of it.
  await ensureSource(place);
  if (targets.every((target) => existsSync(target))) return;
  for (const [folder, target] of small) await build(place, folder, target, ['build'], `test/images/${folder}`);
  await build(place, 'agnhost, a minute or more', place.agnhost, ['build'], 'test/images/agnhost');
  if (existsSync(place.suite)) return;
  await generate(place);
  await build(place, 'the suite, ten minutes or more', place.suite, ['test', '-c'], 'test/e2e');
}

/** A Go program from a folder of the source, in one step under its final name. */
async function build(
  place: Workplace,
  what: string,
  target: string,
  command: readonly string[],
  folder: string,
): Promise<void> {
  if (existsSync(target)) return;
  await step(`building ${what}`, async () => {
    await go(place, [...command, '-o', `${target}.new`, `./${folder}`], `build-${folder.split('/').at(-1)}.log`);
    await rename(`${target}.new`, target);
  });
}

function go({ folder, goPath, source, logs, signal }: Workplace, args: readonly string[], log: string): Promise<void> {
  return runTool('/usr/lib/go-1.19/bin/go', args, {
    cwd: source,
    log: join(logs, log),
    signal,
    // Modules off: everything is in vendor/, and nothing may be fetched. No C: the images have no libraries.
    env: { GO111MODULE: 'off', CGO_ENABLED: '0', GOPATH: goPath, GOCACHE: join(folder, 'go-cache'), GOFLAGS: '' },
  });
}

/** Files that the source archive leaves for the build to generate: data that tests and kubectl carry in themselves. */
async function generate(place: Workplace): Promise<void> {
  const { folder, source, logs, signal } = place;
  const bindata = join(folder, 'go-bindata');
  await build(place, 'go-bindata', bindata, ['build'], 'vendor/github.com/go-bindata/go-bindata/go-bindata');
  const ignored = ['.jpg', '.png', '.md', String.raw`BUILD(\.bazel)?`].flatMap((each) => ['-ignore', each]);
  const embed = (log: string, target: string, ...args: readonly string[]): Promise<void> =>
    runTool(bindata, ['-nometadata', '-pkg', 'generated', '-o', target, ...ignored, ...args], {
      cwd: source,
      log: join(logs, log),
      signal,
    });
  await embed(
    'generate-tests.log',
    'test/e2e/generated/bindata.go',
    ...['test/conformance/testdata', 'test/e2e/testing-manifests', 'test/images', 'test/fixtures'].map(
      (each) => `${each}/...`,
    ),
  );
  await embed(
    'generate-kubectl.log',
    'staging/src/k8s.io/kubectl/pkg/generated/bindata.go',
    '-nocompress',
    'translations/kubectl/...',
  );
}
