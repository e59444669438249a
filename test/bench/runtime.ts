/**
 * The runtime alone: pods from nothing to a running process, forty at once, exec, port-forward, and unpacking
 * an image of 127 MB. Needs root. `node test/bench/runtime.ts [--json FILE]`
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../../src/base/clock.ts';
import { buildLayer, type LayerFile } from '../../src/image/build.ts';
import { openTestBed, type TestBed } from '../../src/runtime/oci/testing/test-bed.ts';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

const rows: Row[] = [];
const report = (what: string, value: number, unit: string): void => {
  rows.push({ what, value: Math.round(value * 10) / 10, unit });
  console.log(`${what.padEnd(44)} ${value.toFixed(1).padStart(10)} ${unit}`);
};

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; milliseconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, milliseconds: performance.now() - start };
}

async function oneByOne(bed: TestBed, count: number): Promise<void> {
  const phases: Record<string, number[]> = { sandbox: [], create: [], start: [], total: [] };
  for (let index = 0; index < count; index += 1) {
    const config = bed.sandbox(`one-${index}`);
    const sandbox = await timed(() => bed.runtime.runPodSandbox(config));
    const create = await timed(() =>
      bed.runtime.createContainer(sandbox.result, bed.container(['sleep', '100']), config),
    );
    const start = await timed(() => bed.runtime.startContainer(create.result));
    const parts = { sandbox: sandbox.milliseconds, create: create.milliseconds, start: start.milliseconds };
    for (const [name, value] of Object.entries(parts)) phases[name]?.push(value);
    phases['total']?.push(parts.sandbox + parts.create + parts.start);
    await bed.runtime.removePodSandbox(sandbox.result);
  }
  for (const [name, values] of Object.entries(phases)) {
    report(`pod start, ${name}, p50`, percentile(values, 0.5), 'ms');
    if (name === 'total') report(`pod start, ${name}, p99`, percentile(values, 0.99), 'ms');
  }
}

async function manyAtOnce(bed: TestBed, count: number, workers: number): Promise<void> {
  const ids: string[] = [];
  let next = 0;
  const { milliseconds } = await timed(async () => {
    const worker = async (): Promise<void> => {
      for (let index = next++; index < count; index = next++)
        ids.push((await bed.run(`many-${index}`, ['sleep', '100'])).sandboxId);
    };
    await Promise.all(Array.from({ length: workers }, worker));
  });
  report(`${count} pods, ${workers} at a time`, (count / milliseconds) * 1000, 'pods/s');
  const removal = await timed(() => Promise.all(ids.map((id) => bed.runtime.removePodSandbox(id))));
  report(`${count} pods removed at once`, (count / removal.milliseconds) * 1000, 'pods/s');
}

async function execs(bed: TestBed, count: number): Promise<void> {
  const { sandboxId, id } = await bed.run('exec', ['sleep', '100']);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1)
    times.push((await timed(() => bed.runtime.execSync(id, ['true'], 10))).milliseconds);
  report('exec, p50', percentile(times, 0.5), 'ms');
  await bed.runtime.removePodSandbox(sandboxId);
}

async function forward(bed: TestBed, bytes: number): Promise<void> {
  const { sandboxId } = await bed.run('forward', ['sleep', '100']);
  const { networkNamespace } = (await bed.runtime.podSandboxStatus(sandboxId)) ?? {};
  const listen = ['socat', '-u', '-b', '262144', 'OPEN:/dev/zero', 'TCP-LISTEN:9000,reuseaddr'];
  const source = spawn('nsenter', [`--net=${networkNamespace}`, '--', ...listen], { stdio: 'ignore' });
  const stream = await connect(bed, sandboxId);
  let received = 0;
  const { milliseconds } = await timed(async () => {
    for await (const chunk of stream) if ((received += (chunk as Buffer).length) > bytes) break;
  });
  report('port-forward', received / 1000 / milliseconds, 'MB/s');
  source.kill('SIGKILL');
  await bed.runtime.removePodSandbox(sandboxId);
}

async function connect(bed: TestBed, sandboxId: string): Promise<NodeJS.ReadWriteStream> {
  for (;;) {
    try {
      return await bed.runtime.portForward(sandboxId, 9000);
    } catch {
      await systemClock.sleep(20);
    }
  }
}

/** A tree like a distribution's: 9,000 files, 127 MB. */
async function unpack(bed: TestBed): Promise<void> {
  const content = Buffer.alloc(14_100);
  const files: LayerFile[] = [];
  for (let folder = 0; folder < 90; folder += 1) {
    files.push({ path: `folder${folder}`, folder: true });
    for (let file = 0; file < 100; file += 1) {
      content.writeUInt32LE(folder * 100 + file);
      files.push({ path: `folder${folder}/file${file}`, content: Buffer.from(content) });
    }
  }
  const { store } = bed.images;
  const layer = await buildLayer(store, files);
  const signal = new AbortController().signal;
  const { milliseconds } = await timed(() =>
    store.layers.ensure(layer.digest, () => store.blobs.stream(layer.digest), signal),
  );
  report(`unpack ${Math.round(layer.size / 1e6)} MB, ${files.length} files`, milliseconds, 'ms');
}

async function main(): Promise<void> {
  // Neither watching for exits nor a clock keeps a process alive.
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  const bed = await openTestBed({ name: 'bench', podCidr: '10.97.13.0/24' });
  try {
    await oneByOne(bed, 40);
    await manyAtOnce(bed, 40, 8);
    await execs(bed, 40);
    await forward(bed, 1e9);
    await unpack(bed);
    report('memory of this process (RSS)', process.memoryUsage().rss / 1e6, 'MB');
  } finally {
    await bed.destroy();
    port1.close();
  }
  const at = process.argv.indexOf('--json');
  if (at > 0) writeFileSync(process.argv[at + 1] ?? join('runtime.json'), `${JSON.stringify(rows, null, 2)}\n`);
}

await main();
