/** Jobs, CronJobs, budgets, evictions and autoscaling, with the real kubectl on a real cluster. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainedKinds } from '../../src/cli/why/kinds.ts';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('workloads');

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(clientProgram('kubectl'), args, {
    env: { KUBECONFIG: cluster.kubeconfig },
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

async function apply(object: object): Promise<void> {
  const { code, stderr } = await run(clientProgram('kubectl'), ['apply', '-f', '-'], {
    env: { KUBECONFIG: cluster.kubeconfig },
    input: JSON.stringify(object),
  });
  if (code !== 0) throw new Error(stderr);
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
