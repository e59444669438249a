/** Jobs, CronJobs, budgets, evictions and autoscaling, with the real kubectl on a real cluster. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainedKinds } from '../../src/cli/why/kinds.ts';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('workloads');

async function fed(input: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(clientProgram('kubectl'), args, {
    env: { KUBECONFIG: cluster.kubeconfig },
    input,
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const kubectl = (...args: readonly string[]): Promise<string> => fed('', ...args);

async function apply(object: object): Promise<void> {
  await fed(JSON.stringify(object), 'apply', '-f', '-');
}

const podSpec = (script: string): object => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox', command: ['sh', '-c', script] }] },
});
const job = (name: string, spec: object): object => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec });

beforeAll(async () => {
  const { code, stderr } = await cluster.up();
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => cluster.destroy());

it('runs jobs to their end: complete, by index, failed', async () => {
  await apply(job('plain', { completions: 3, parallelism: 2, template: podSpec('echo hello') }));
  await apply(
    job('indexed', {
      completions: 3,
      parallelism: 3,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 0,
      template: podSpec('test $JOB_COMPLETION_INDEX != 1'),
    }),
  );
  await apply(job('late', { activeDeadlineSeconds: 1, template: podSpec('trap exit TERM; sleep 100 & wait') }));
  await kubectl('wait', '--for=condition=complete', 'job/plain', '--timeout=30s');
  await kubectl('wait', '--for=condition=failed', 'job/indexed', 'job/late', '--timeout=30s');
  const status = JSON.parse(await kubectl('get', 'job', 'indexed', '-o', 'json')).status as {
    completedIndexes: string;
    failedIndexes: string;
  };
  expect(status).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1', succeeded: 2, failed: 1 });
  expect(await kubectl('logs', 'job/plain')).toBe('hello\n');
  expect(await kubectl('describe', 'job', 'late')).toContain('Job was active longer than specified deadline');
});

it('makes up for an evicted pod without counting it as failed, when its job says so', async () => {
  const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] };
  const template = podSpec('trap exit TERM; sleep 100 & wait');
  await apply(job('evicted', { backoffLimit: 0, podFailurePolicy, template }));
  const pods = async (): Promise<readonly string[]> =>
    (await kubectl('get', 'pods', '-l', 'job-name=evicted', '-o', 'name')).trim().split('\n');
  await eventually(
    'its pod runs',
    async () => (await kubectl('get', 'job', 'evicted', '-o', 'jsonpath={.status.ready}')) === '1',
  );
  const [first = ''] = await pods();
  const path = `/api/v1/namespaces/default/${first.replace('pod/', 'pods/')}/eviction`;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: first.replace('pod/', '') } };
  await fed(JSON.stringify(eviction), 'create', '--raw', path, '-f', '-');
  await eventually('another pod runs', async () => {
    const [status, names] = [await kubectl('get', 'job', 'evicted', '-o', 'json'), await pods()];
    const { ready, failed = 0 } = (JSON.parse(status) as { status: { ready: number; failed?: number } }).status;
    expect(failed).toBe(0);
    return ready === 1 && !names.includes(first);
  });
  await kubectl('delete', 'job', 'evicted');
});

it('counts pods that a job took in, and forgets the indexes that it loses', async () => {
  const labels = { app: 'taken' };
  const { spec } = podSpec('sleep 3') as { readonly spec: object };
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'taken', labels }, spec });
  const own = { manualSelector: true, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } };
  await apply(job('taker', own));
  await kubectl('wait', '--for=condition=complete', 'job/taker', '--timeout=30s');
  expect(await kubectl('get', 'pods', '-l', 'app=taken', '-o', 'name')).toBe('pod/taken\n');

  const template = podSpec('if [ $JOB_COMPLETION_INDEX = 0 ]; then sleep 6; fi');
  await apply(job('shrinking', { completions: 4, parallelism: 4, completionMode: 'Indexed', template }));
  const succeeded = (): Promise<string> => kubectl('get', 'job', 'shrinking', '-o', 'jsonpath={.status.succeeded}');
  await eventually('three have succeeded', async () => (await succeeded()) === '3');
  await kubectl('patch', 'job', 'shrinking', '--type=merge', '-p', '{"spec":{"completions":2,"parallelism":2}}');
  await eventually('two are forgotten', async () => (await succeeded()) === '1');
  await kubectl('wait', '--for=condition=complete', 'job/shrinking', '--timeout=30s');
});

it('starts a job from a CronJob, and deletes finished jobs when their time is over', async () => {
  await apply({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick' },
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { ttlSecondsAfterFinished: 1, template: podSpec('true') } } },
  });
  await kubectl('create', 'job', 'now', '--from=cronjob/tick');
  const gone = await eventually(
    'the job is gone',
    async () => !(await kubectl('get', 'jobs', '-o', 'name')).includes('job.batch/now'),
  );
  expect(gone).toBe(true);
});

it('lets a budget put off evictions, and drives pods from a tainted node', async () => {
  await kubectl('create', 'deployment', 'web', '--image=busybox', '--replicas=2', '--', 'sleep', '1000');
  await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=2');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s');
  const budget = (): Promise<string> =>
    kubectl('get', 'pdb', 'web', '-o', 'jsonpath={.status.currentHealthy}/{.status.disruptionsAllowed}');
  await eventually('the budget has counted', async () => (await budget()) === '2/0');
  const node = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  await expect(kubectl('drain', node, '--ignore-daemonsets', '--pod-selector=app=web', '--timeout=1s')).rejects.toThrow(
    /violate the pod's disruption budget|timeout/u,
  );
  await kubectl('uncordon', node);
  const before = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name');
  await kubectl('taint', 'nodes', node, 'test=yes:NoExecute');
  await eventually('the pods are told to go', async () =>
    (await kubectl('get', 'events')).includes('TaintManagerEviction'),
  );
  await kubectl('taint', 'nodes', node, 'test-');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  expect(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).not.toBe(before);
});

it('shows what nodes use', async () => {
  const top = await eventually('there are figures', async () => await kubectl('top', 'nodes'), 45_000);
  expect(top).toMatch(/NAME +CPU\(cores\).*\n\S+ +\d+m /u);
});

it('tells why something is stuck: the pods that it waits for, what they lack, and what its controller wants', async () => {
  const labels = { app: 'large' };
  const container = {
    name: 'large',
    image: 'busybox',
    resources: { requests: { cpu: '1k' } },
  };
  await apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'large' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  });
  const why = async (...args: readonly string[]): Promise<string> => (await cluster.coracle('why', ...args)).stdout;
  const answer = await eventually('the pod is refused', async () => {
    const text = await why('deployment/large');
    return text.includes('Unschedulable') && text;
  });
  expect(answer).toContain('Deployment default/large: 0 of 1 pods available, 1 up to date');
  expect(answer).toMatch(/large-\S+ has no node, Unschedulable: 0\/1 nodes are available: 1 Insufficient cpu\./);
  expect(answer).toContain('The controller deployment looked at it last at');
  const [pod = ''] = /large-\S+/.exec(answer.slice(answer.indexOf('Pods that'))) ?? [];
  expect(await why(`pod/${pod}`)).toMatch(/NODE\s+REJECTED BY\s+REASONS\n\S+\s+NodeResourcesFit\s+Insufficient cpu/);
  expect(await cluster.coracle('why', 'deployment/nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no Deployment default/nobody') as string,
  });
  for (const { kind, controller } of explainedKinds) {
    const page = await kubectl('get', '--raw', `/debug/controllers?name=${controller}`);
    expect([kind, (JSON.parse(page) as { controllers: object[] }).controllers.length]).toEqual([kind, 1]);
  }
  await kubectl('delete', 'deployment', 'large');
});
