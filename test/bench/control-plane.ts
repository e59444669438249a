/**
 * Scheduler and workload controllers alone: in one process, over objects in memory, with stepped time, so that what
 * counts is what they compute.
 *
 *     node test/bench/control-plane.ts [--json FILE] [--short]
 */
import { writeFileSync } from 'node:fs';
import { Deployment } from '../../src/api/apps/deployment.ts';
import { Node } from '../../src/api/core/node.ts';
import { Pod } from '../../src/api/core/pod.ts';
import { Service } from '../../src/api/core/service.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { runAll } from '../../src/base/service.ts';
import { Informers } from '../../src/client/informers.ts';
import { MemoryClient } from '../../src/client/testing/memory-client.ts';
import { deploymentController } from '../../src/controllers/deployment/controller.ts';
import { replicaSetController } from '../../src/controllers/replica-set/controller.ts';
import { Simulation } from '../../src/controllers/testing/simulation.ts';
import { isReady } from '../../src/controllers/workload/pods.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { node, pod } from '../../src/scheduler/testing.ts';
import { reporter } from './report.ts';

const short = process.argv.includes('--short');
const { rows, report } = reporter(2);

/** Pods of fifty Services, which spread them by default, onto nodes in three zones. */
async function scheduling(nodes: number, pods: number): Promise<void> {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const client = new MemoryClient({ clock, random });
  for (let at = 0; at < nodes; at += 1) {
    client.seed(Node, node(`n-${at}`, { labels: { 'topology.kubernetes.io/zone': `z-${at % 3}` }, cpu: '32' }));
  }
  for (let at = 0; at < 50; at += 1) {
    client.seed(Service, {
      metadata: { name: `a-${at}`, namespace: 'default' },
      spec: { selector: { app: `a-${at}` } },
    });
  }
  for (let at = 0; at < pods; at += 1) {
    client.seed(Pod, pod(`p-${at}`, { labels: { app: `a-${at % 50}` }, requests: { cpu: '100m', memory: '64Mi' } }));
  }
  const informers = new Informers({ client, clock, random });
  const events = { normal: () => {}, warning: () => {}, record: () => {} };
  const scheduler = new Scheduler({ client, informers, clock, random, events, logger: silentLogger });
  const abort = new AbortController();
  const began = performance.now();
  const running = runAll([scheduler, informers], abort.signal);
  const scheduled = (): number => scheduler.stats.figures.attempts.get('default-scheduler')?.scheduled ?? 0;
  while (scheduled() < pods) await clock.advance(0);
  report(`scheduler, ${nodes} nodes`, pods / ((performance.now() - began) / 1000), 'pods/s', 1_500);
  abort.abort();
  await running;
}

const labels = { app: 'web' };
const spec = (replicas: number, image: string) => ({
  replicas,
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
});
const metadata = { name: 'web', namespace: 'default' };

async function rollout(nodes: number, replicas: number): Promise<void> {
  const simulation = new Simulation({
    nodes,
    controllers: (deps, events) => [deploymentController(deps, events), replicaSetController(deps, events)],
  });
  const until = async (image: string): Promise<void> => {
    for (;;) {
      const ready = simulation.client
        .all(Pod)
        .filter((each) => isReady(each) && each.spec?.containers[0]?.image === image);
      const all = simulation.client.all(Pod).length;
      if (ready.length === replicas && all === replicas) return;
      await simulation.run(500);
    }
  };
  let began = performance.now();
  simulation.put(Deployment, { metadata, spec: spec(replicas, 'one') });
  await until('one');
  report(`Deployment of ${replicas} pods on ${nodes} nodes`, (performance.now() - began) / 1000, 's', 1.5);
  began = performance.now();
  const change = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'two' }];
  await simulation.client.patch(Deployment, metadata, change, { type: 'json' });
  await until('two');
  report(`rolling update of ${replicas} pods`, (performance.now() - began) / 1000, 's', 3);
  await simulation.stop();
}

await scheduling(short ? 1_000 : 5_000, short ? 2_000 : 10_000);
await rollout(100, short ? 300 : 1_000);
const target = process.argv.indexOf('--json');
if (target > 0) writeFileSync(process.argv[target + 1] ?? 'control-plane.json', JSON.stringify(rows, null, 2));
