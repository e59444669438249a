/**
 * A process that makes and removes pods as fast as it can until it is killed; see crash.root.test.ts. What it was told
 * by the runtime, and what it is about to take away, stands in the file `journal`: `sandbox ID`, `started ID`, `leave ID`.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { seededRandom } from '../../../base/random.ts';
import { openTestBed } from './test-bed.ts';

const [folder = '', seed = '0'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
// Neither watching for exits nor a clock keeps a process alive.
new MessageChannel().port1.on('message', () => {});
process.stdout.write('recovering\n');
const bed = await openTestBed({ name: 'crash', podCidr: '10.97.12.0/24', folder });
process.stdout.write('ready\n');
for (let round = 0; ; round += 1) {
  await Promise.all([pod(`${seed}-${round}-a`), pod(`${seed}-${round}-b`)]);
}

function note(word: 'sandbox' | 'started' | 'leave', id: string): void {
  appendFileSync(join(folder, 'journal'), `${word} ${id}\n`);
}

/** One life of a pod; each start of its container leaves one line in the file of its name. */
async function pod(name: string): Promise<void> {
  const config = bed.sandbox(name, {
    namespaces: { network: 'pod', pid: random.next() < 0.3 ? 'pod' : 'container', ipc: 'pod' },
  });
  const sandboxId = await bed.runtime.runPodSandbox(config);
  note('sandbox', sandboxId);
  const counts = {
    containerPath: '/counts',
    hostPath: join(folder, 'counts'),
    readonly: false,
    propagation: 'private' as const,
  };
  const script = `echo started >> /counts/${name}; ${random.next() < 0.5 ? 'sleep 1000' : 'exit 3'}`;
  const container = bed.container(['sh', '-c', script], { labels: { name }, logPath: `${name}.log`, mounts: [counts] });
  const id = await bed.runtime.createContainer(sandboxId, container, config);
  await bed.runtime.startContainer(id);
  note('started', id);
  if (random.next() < 0.3) return;
  await bed.runtime.stopContainer(id, 0);
  if (random.next() < 0.5) {
    note('leave', id);
    await bed.runtime.removeContainer(id);
  }
  note('leave', id);
  note('leave', sandboxId);
  await bed.runtime.removePodSandbox(sandboxId);
}
