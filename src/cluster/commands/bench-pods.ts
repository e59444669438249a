/** `coracle bench pods`: starts pods through the API and asks the agents when each step of that was done. */
import { Namespace } from '../../api/core/namespace.ts';
import { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodBenchmarkOptions, PodTimes, Progress } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { isNotFound, type Client } from '../../client/client.ts';
import type { PodStart, StartStep } from '../../node/pod/timeline.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import { asAdministrator } from './administrator.ts';

const port = 8080;
const pause = 5;
/** Milliseconds for one pod. */
const patience = 120_000;

interface Asked {
  readonly name: string;
  /** Milliseconds since the epoch: before the request, and after its answer. */
  readonly asked: number;
  readonly answered: number;
}

interface Bench {
  readonly client: Client;
  readonly clock: Clock;
  readonly namespace: string;
  readonly image: string;
  readonly signal: AbortSignal;
}

export function benchPods(
  environment: EnvironmentWithProgress,
  options: PodBenchmarkOptions,
  signal: AbortSignal,
): Promise<readonly PodTimes[]> {
  const { clock, random } = environment;
  const namespace = `coracle-bench-${Buffer.from(random.bytes(4)).toString('hex')}`;
  return asAdministrator(environment, async (client) => {
    await client.create(Namespace, { metadata: { name: namespace } });
    try {
      return await measure({ client, clock, namespace, image: options.image, signal }, options, environment.progress);
    } finally {
      await client.delete(Namespace, { name: namespace }).catch((error: unknown) => {
        if (isNotFound(error)) return;
        environment.progress.note(`namespace ${namespace} is left: delete it with kubectl`);
      });
    }
  });
}

async function measure(
  bench: Bench,
  { count, parallel, image }: PodBenchmarkOptions,
  progress: Progress,
): Promise<readonly PodTimes[]> {
  await ready(bench);
  // The first one has the image pulled; what that takes is the registry's.
  progress.note(`Starting a pod of ${image}, then ${count} to measure ...`);
  await started(bench, 'first');
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const times: PodTimes[] = [];
  const worker = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) times.push(await started(bench, name));
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker));
  return times;
}

/** Pods need the namespace's service account. */
async function ready({ client, clock, namespace, signal }: Bench): Promise<void> {
  for (;;) {
    const account = await client.get(ServiceAccount, { namespace, name: 'default' }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (account !== undefined) return;
    await clock.sleep(pause, signal);
  }
}

async function started(bench: Bench, name: string): Promise<PodTimes> {
  const { client, clock, namespace, image } = bench;
  const asked = clock.now();
  await client.create(Pod, {
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['httpd', '-f', '-p', `${port}`],
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
        },
      ],
    },
  });
  const times = await timesOf(bench, { name, asked, answered: clock.now() });
  await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 });
  return times;
}

async function timesOf(bench: Bench, asked: Asked): Promise<PodTimes> {
  const { client, clock, namespace, signal } = bench;
  const until = clock.monotonic() + patience;
  for (;;) {
    const pod = await client.get(Pod, { namespace, name: asked.name });
    const { conditions = [], phase } = pod.status ?? {};
    if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      return timesFrom(asked, await stepsOf(client, pod));
    }
    if (phase === 'Failed' || clock.monotonic() > until) {
      throw new UserError(
        `pod ${namespace}/${asked.name} did not become ready: ${pod.status?.reason ?? whyNot(pod) ?? phase ?? 'Pending'}`,
        'the image must have httpd (--image), and the nodes room for the pods',
      );
    }
    await clock.sleep(pause, signal);
  }
}

function whyNot({ status }: Pod): string | undefined {
  const waiting = status?.containerStatuses?.[0]?.state?.waiting;
  return waiting === undefined ? undefined : `${waiting.reason ?? ''} ${waiting.message ?? ''}`.trim();
}

async function stepsOf(client: Client, pod: Pod): Promise<PodStart['steps']> {
  const node = pod.spec?.nodeName ?? '';
  const answer = await client.request({ method: 'GET', path: `/api/v1/nodes/${node}/proxy/debug/starts` });
  const text = Buffer.from(answer.body).toString();
  if (answer.status !== 200) throw new UserError(`node ${node} does not tell how its pods start: ${text}`);
  const { starts } = JSON.parse(text) as { readonly starts: readonly PodStart[] };
  return starts.find(({ uid }) => uid === pod.metadata.uid)?.steps ?? {};
}

/** Exported for tests. Pure. A step that was not told (its agent was killed) took as long as the one before. */
export function timesFrom({ asked, answered }: Omit<Asked, 'name'>, steps: PodStart['steps']): PodTimes {
  let before = answered;
  const since = (step: StartStep): number => {
    const at = Math.max(before, steps[step] ?? before);
    const took = at - before;
    before = at;
    return took;
  };
  const parts = {
    created: answered - asked,
    scheduled: since('seen'),
    volumes: since('prepared'),
    sandbox: since('sandbox'),
    image: since('image'),
    container: since('created'),
    process: since('started'),
    probe: since('ready'),
  };
  return { ...parts, running: Math.max(0, (steps.started ?? before) - asked), ready: before - asked };
}
