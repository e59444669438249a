/** A runtime on this machine for tests: own folders, bridge, cgroups and names, with a busybox image in its store. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/log.ts';
import { systemRandom } from '../../../base/random.ts';
import { demoImages } from '../../../image/demo-images.ts';
import { Images } from '../../../image/images.ts';
import { createCommandRunner } from '../../../network/command.ts';
import { PodNetwork } from '../../../network/pod-network.ts';
import type { BuiltinProgram } from '../builtin-driver.ts';
import { testContainer, testSandbox } from '../../testing/configs.ts';
import type { ContractBed } from '../../testing/contract.ts';
import { Cgroups } from '../cgroups.ts';
import { findLeaks, type Leak } from '../leaks.ts';
import { OciRuntime } from '../oci-runtime.ts';

export interface TestBedOptions {
  /** Unique among test files, at most 5 characters. */
  readonly name: string;
  /** A /24. */
  readonly podCidr: string;
  readonly programs?: Readonly<Record<string, BuiltinProgram>>;
  /** Folder of an earlier bed, to come back to it. */
  readonly folder?: string;
}

export interface TestBed extends ContractBed {
  readonly runtime: OciRuntime;
  readonly images: Images;
  /** Id of the busybox image. */
  readonly busybox: string;
  leaks(known?: readonly string[]): readonly Leak[];
  /** Ends this runtime; its containers go on. */
  close(): Promise<void>;
  /** Removes all sandboxes, the bridge, cgroups and folders. */
  destroy(): Promise<void>;
}

const projectRoot = join(import.meta.dirname, '..', '..', '..', '..');

export const canRunContainers = process.getuid?.() === 0;

export async function openTestBed(options: TestBedOptions): Promise<TestBed> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), `coracle-${options.name}-`));
  const runDir = join('/run', `coracle-test-${options.name}`);
  const stateDir = join(folder, 'state');
  const prefix = `coracle-test-${options.name}`;
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const common = { clock: systemClock, random: systemRandom, log: silentLogger };
  const { images, busybox } = await openImages(folder);
  const run = createCommandRunner(systemClock);
  const network = new PodNetwork({ run, linkPrefix: options.name, podCidrs: [options.podCidr] });
  const programs = options.programs ?? {};
  const runtime = await OciRuntime.open({
    ...common,
    stateDir,
    runDir,
    prefix,
    store: images.store,
    network,
    programs,
  });
  const sandbox: TestBed['sandbox'] = (name, changes = {}) => ({
    ...testSandbox(name, logs, `/${prefix}/${name}`),
    ...changes,
  });
  const container: TestBed['container'] = (args, changes = {}) => testContainer(busybox, args, changes);
  return {
    folder,
    runtime,
    images,
    busybox,
    sandbox,
    container,
    async run(name, args, changes = {}) {
      const config = sandbox(name);
      const sandboxId = await runtime.runPodSandbox(config);
      const id = await runtime.createContainer(
        sandboxId,
        container(args, { logPath: `${name}.log`, ...changes }),
        config,
      );
      await runtime.startContainer(id);
      return { sandboxId, id };
    },
    logOf: (name) => join(logs, `${name}.log`),
    leaks: (known = []) =>
      findLeaks({
        paths: runtime.paths,
        stateDir,
        runDir,
        prefix,
        linkPrefix: options.name,
        bridge: network.bridge,
        cgroupRoots: [prefix],
        known,
      }),
    async close() {
      await runtime.close();
      await images.close();
    },
    async destroy() {
      await destroyAll(runtime, images, network, prefix);
      for (const path of [folder, runDir]) rmSync(path, { recursive: true, force: true });
    },
  };
}

async function destroyAll(runtime: OciRuntime, images: Images, network: PodNetwork, prefix: string): Promise<void> {
  for (const { id } of await runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
  await runtime.close();
  await images.close();
  await network.remove();
  await new Cgroups().destroy(`/${prefix}`, systemClock);
}

async function openImages(folder: string): Promise<{ images: Images; busybox: string }> {
  const common = { clock: systemClock, random: systemRandom, log: silentLogger };
  const images = await Images.open({ ...common, root: join(folder, 'images'), sources: demoImages({ projectRoot }) });
  const present = await images.imageStatus('busybox');
  const { id } = present ?? (await images.pullImage('busybox', [], new AbortController().signal));
  return { images, busybox: id };
}
