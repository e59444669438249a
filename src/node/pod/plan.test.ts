import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';
import { containerStatus } from '../testing/container-status.ts';
import type { BackoffEntry } from './backoff.ts';
import type { PodRuntime } from './history.ts';
import { annotation, containerHash } from './names.ts';
import { planPod, type Action, type Plan, type PlanInput } from './plan.ts';

type Spec = NonNullable<Pod['spec']>;

function podOf(spec: Partial<Spec>, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '',
      ...metadata,
    },
    spec: { containers: [{ name: 'main', image: 'a' }], restartPolicy: 'Always', ...spec },
  };
}

const sandbox = (attempt = 0, state: SandboxStatus['state'] = 'ready'): SandboxStatus => ({
  id: `s${attempt}`,
  metadata: { name: 'web', namespace: 'default', uid: 'u1', attempt },
  state,
  createdAt: attempt,
  ips: ['10.0.0.1'],
  labels: {},
  annotations: {},
  handler: '',
});

const container = (name: string, changes: Partial<ContainerStatus> = {}): ContainerStatus =>
  containerStatus(name, { annotations: { [annotation.hash]: containerHash({ name, image: 'a' }) }, ...changes });

const exited = (name: string, exitCode: number, changes: Partial<ContainerStatus> = {}): ContainerStatus =>
  container(name, { state: 'exited', exitCode, finishedAt: 1000, ...changes });

function plan(pod: Pod, runtime: Partial<PodRuntime>, changes: Partial<PlanInput> = {}): Plan {
  return planPod({
    pod,
    runtime: { sandboxes: [sandbox()], containers: [], ...runtime },
    previous: undefined,
    now: 1000,
    backoff: { limits: { first: 10_000, longest: 300_000 }, entries: new Map() },
    probes: { started: () => true, failed: () => undefined },
    held: new Map(),
    resources: () => ({}),
    ...changes,
  });
}

/** What a plan does, in a line. */
const told = (result: Plan): string =>
  result.actions
    .map((action) => {
      switch (action.type) {
        case 'startContainer':
          return `start ${action.container.spec.name}/${action.attempt}`;
        case 'killContainer':
          return `kill ${action.container.id} ${action.reason}`;
        case 'removeContainer':
          return `remove ${action.container.id}`;
        case 'createSandbox':
          return `sandbox ${action.attempt}`;
        case 'stopSandbox':
          return `stop ${action.sandbox.id}`;
        default:
          return `resize ${action.container.id}`;
      }
    })
    .join(', ');

const sidecar = { name: 'side', image: 'a', restartPolicy: 'Always' };
const init = (name: string) => ({ name, image: 'a' });

describe('the sandbox', () => {
  test('comes first', () => {
    expect(told(plan(podOf({}), { sandboxes: [] }))).toBe('sandbox 0');
  });
  test('that died is replaced, after what still runs in it has been stopped', () => {
    const runtime = { sandboxes: [sandbox(0, 'notReady')], containers: [container('main')] };
    expect(told(plan(podOf({}), runtime))).toBe('stop s0, sandbox 1');
  });
  test('of a pod that never restarts is not replaced once a container has run', () => {
    const runtime = { sandboxes: [sandbox(0, 'notReady')], containers: [container('main')] };
    expect(told(plan(podOf({ restartPolicy: 'Never' }), runtime))).toBe('stop s0');
  });
  test('of which there are two loses the older one', () => {
    const runtime = { sandboxes: [sandbox(0), sandbox(1)], containers: [container('main', { sandboxId: 's1' })] };
    expect(told(plan(podOf({}), runtime))).toBe('stop s0');
  });
  test('that is new starts containers anew under their next attempt', () => {
    const runtime = {
      sandboxes: [sandbox(0, 'notReady'), sandbox(1)],
      containers: [exited('main', 137, { sandboxId: 's0' })],
    };
    expect(told(plan(podOf({}), runtime))).toBe('start main/1');
  });
});

describe('restart policies', () => {
  test.each([
    ['Always', 0, 'start main/1'],
    ['Always', 1, 'start main/1'],
    ['OnFailure', 1, 'start main/1'],
    ['OnFailure', 0, 'finished'],
    ['Never', 1, 'finished'],
    ['Never', 0, 'finished'],
  ] as const)('%s after exit %i: %s', (restartPolicy, code, wanted) => {
    const result = plan(podOf({ restartPolicy }), { containers: [exited('main', code)] });
    expect(result.finished ? 'finished' : told(result)).toBe(wanted);
  });

  test('a rule of the container for an exit code wins', () => {
    const main = {
      name: 'main',
      image: 'a',
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
    };
    const pod = podOf({ restartPolicy: 'Never', containers: [main] });
    expect(told(plan(pod, { containers: [exited('main', 42)] }))).toBe('start main/1');
    expect(plan(pod, { containers: [exited('main', 1)] }).finished).toBe(true);
  });

  test('a pod that is being deleted restarts nothing', () => {
    const pod = podOf({}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(told(plan(pod, { containers: [exited('main', 1)] }))).toBe('');
  });

  test('one of two containers that is over does not end the pod', () => {
    const pod = podOf({ restartPolicy: 'Never', containers: [init('main'), init('other')] });
    const result = plan(pod, { containers: [exited('main', 1), container('other')] });
    expect(result.finished).toBe(false);
    expect(told(result)).toBe('');
  });
});

describe('back-off', () => {
  const entries = (delay: number): PlanInput['backoff'] => ({
    limits: { first: 10_000, longest: 300_000 },
    entries: new Map<string, BackoffEntry>([['main', { delay, updatedAt: 0 }]]),
  });

  test('the first restart is immediate and remembers ten seconds', () => {
    const [action] = plan(podOf({}), { containers: [exited('main', 1)] }).actions;
    expect(action).toMatchObject({ backoff: { delay: 10_000, updatedAt: 1000 } });
  });
  test('the next one waits, and says until when', () => {
    const result = plan(podOf({}), { containers: [exited('main', 1)] }, { backoff: entries(10_000) });
    expect(told(result)).toBe('');
    expect(result.wakeAt).toBe(11_000);
    expect(result.crashLoops).toMatchObject([{ name: 'main', delay: 10_000 }]);
  });
  test('then starts and doubles, up to five minutes', () => {
    const late = { now: 400_000, backoff: entries(160_000) };
    const [action] = plan(podOf({}), { containers: [exited('main', 1)] }, late).actions;
    expect(action).toMatchObject({ type: 'startContainer', backoff: { delay: 300_000 } });
  });
  test('ten quiet minutes forgive', () => {
    const result = plan(
      podOf({}),
      { containers: [exited('main', 1, { finishedAt: 700_000 })] },
      { now: 700_000, backoff: entries(300_000) },
    );
    expect(result.actions).toMatchObject([{ type: 'startContainer', backoff: { delay: 10_000 } }]);
  });
});

describe('init containers', () => {
  const pod = podOf({ initContainers: [init('a'), init('b')] });
  test.each<[string, ContainerStatus[], string]>([
    ['the first comes first', [], 'start a/0'],
    ['the second waits for the first', [container('a')], ''],
    ['then runs', [exited('a', 0)], 'start b/0'],
    ['a failed one is tried again', [exited('a', 1)], 'start a/1'],
    ['main ones start when all are done', [exited('a', 0), exited('b', 0)], 'start main/0'],
    ['they do not run again once a main one has started', [container('main')], ''],
    ['lost records of earlier ones do not matter', [exited('b', 0)], 'start main/0'],
  ])('%s', (_, containers, wanted) => {
    expect(told(plan(pod, { containers }))).toBe(wanted);
  });

  test('one that fails for good ends a pod that never restarts', () => {
    const never = podOf({ restartPolicy: 'Never', initContainers: [init('a')] });
    expect(plan(never, { containers: [exited('a', 1)] }).finished).toBe(true);
  });
});

describe('sidecars', () => {
  const pod = podOf({ initContainers: [sidecar, init('a')], restartPolicy: 'Never' });
  const notStarted = { probes: { started: () => false, failed: () => undefined } };
  test('start before what follows them, and hold it back until they have started', () => {
    expect(told(plan(pod, {}))).toBe('start side/0');
    expect(told(plan(pod, { containers: [container('side')] }, notStarted))).toBe('');
    expect(told(plan(pod, { containers: [container('side')] }))).toBe('start a/0');
  });
  test('are restarted whatever the pod says, also while main containers run', () => {
    const containers = [exited('side', 0), exited('a', 0), container('main')];
    expect(told(plan(pod, { containers }))).toBe('start side/1');
  });
  test('do not keep a pod going that is over', () => {
    const containers = [container('side'), exited('a', 0), exited('main', 0)];
    expect(plan(pod, { containers }).finished).toBe(true);
  });
});

describe('running containers', () => {
  test('whose image changed are replaced', () => {
    const pod = podOf({ containers: [{ name: 'main', image: 'b' }] });
    expect(told(plan(pod, { containers: [container('main')] }))).toBe('kill main-0 definitionChanged');
  });
  test('that a probe has given up on are killed', () => {
    const probes = { started: () => true, failed: () => 'livenessFailed' as const };
    expect(told(plan(podOf({}), { containers: [container('main')] }, { probes }))).toBe('kill main-0 livenessFailed');
  });
  test('are resized in place, or by a restart where they ask for it', () => {
    const resources = () => ({ memoryLimit: 2048 });
    const containers = [container('main', { resources: { memoryLimit: 1024 } })];
    expect(told(plan(podOf({}), { containers }, { resources }))).toBe('resize main-0');
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' as const }];
    const picky = podOf({ containers: [{ name: 'main', image: 'a', resizePolicy }] });
    expect(told(plan(picky, { containers }, { resources }))).toBe('kill main-0 resized');
  });
  test('created ones never ran: they are replaced under the same attempt', () => {
    const containers = [container('main', { state: 'created', attempt: 3 })];
    expect(told(plan(podOf({}), { containers }))).toBe('remove main-3, start main/3');
  });
  test('whose records a power cut has taken go on counting from what the API was told', () => {
    const status = { name: 'main', ready: true, restartCount: 2, image: 'a', imageID: '' };
    const previous = (changes: object) => ({ previous: { containerStatuses: [{ ...status, ...changes }] } });
    const ran = [{ state: { running: {} } }, { state: { waiting: {} }, lastState: { terminated: { exitCode: 137 } } }];
    for (const state of ran) expect(told(plan(podOf({}), {}, previous(state)))).toBe('start main/3');
    expect(told(plan(podOf({}), {}, previous({ state: { waiting: {} } })))).toBe('start main/2');
  });
  test('whose newest record alone is gone do not count backwards', () => {
    const status = { name: 'main', ready: true, restartCount: 3, image: 'a', imageID: '', state: { running: {} } };
    const containers = [exited('main', 137, { attempt: 1, finishedAt: 0, sandboxId: 'old' })];
    expect(told(plan(podOf({}), { containers }, { previous: { containerStatuses: [status] } }))).toBe('start main/4');
  });
  test.each<[NonNullable<Spec['restartPolicy']>, object, string]>([
    ['Never', { running: {} }, 'finished'],
    ['Never', { terminated: { exitCode: 0 } }, 'finished'],
    ['OnFailure', { terminated: { exitCode: 0 } }, 'finished'],
    ['OnFailure', { running: {} }, 'start main/1'],
    ['Always', { terminated: { exitCode: 0 } }, 'start main/1'],
  ])(
    'of a pod that restarts %s and has %j run no second time against its policy without a record',
    (policy, state, what) => {
      const status = { name: 'main', ready: true, restartCount: 0, image: 'a', imageID: '', state };
      const found = plan(podOf({ restartPolicy: policy }), {}, { previous: { containerStatuses: [status] } });
      expect(found.finished ? 'finished' : told(found)).toBe(what);
    },
  );
  test('dead attempts are removed but for the last, which `logs --previous` shows', () => {
    const containers = [
      exited('main', 1, { attempt: 0 }),
      exited('main', 1, { attempt: 1 }),
      container('main', { attempt: 2 }),
    ];
    expect(told(plan(podOf({}), { containers }))).toBe('remove main-0');
  });
});

test('ephemeral containers start once, beside whatever else happens', () => {
  const pod = podOf({ ephemeralContainers: [{ name: 'debug', image: 'a' }] });
  expect(told(plan(pod, { containers: [container('main')] }))).toBe('start debug/0');
  expect(told(plan(pod, { containers: [container('main'), exited('debug', 1)] }))).toBe('');
});

test('a container that could not start is left alone until its time has come', () => {
  const held = new Map([['main', 5000]]);
  expect(plan(podOf({}), {}, { held })).toMatchObject({ actions: [], wakeAt: 5000 });
  expect(told(plan(podOf({}), {}, { held, now: 5000 }))).toBe('start main/0');
});

/** The runtime after an action, as far as plans look at it. */
function apply(runtime: PodRuntime, action: Action): PodRuntime {
  const { sandboxes, containers } = runtime;
  switch (action.type) {
    case 'createSandbox':
      return { containers, sandboxes: [...sandboxes, sandbox(action.attempt)] };
    case 'stopSandbox':
      return {
        sandboxes: sandboxes.map((each) => (each.id === action.sandbox.id ? { ...each, state: 'notReady' } : each)),
        containers: containers.map((each) =>
          each.sandboxId === action.sandbox.id && each.state === 'running'
            ? { ...each, state: 'exited', exitCode: 137 }
            : each,
        ),
      };
    case 'startContainer': {
      const { spec } = action.container;
      const newest = sandboxes.toSorted((a, b) => b.metadata.attempt - a.metadata.attempt)[0];
      const annotations = { [annotation.hash]: containerHash(spec) };
      const { attempt } = action;
      return {
        sandboxes,
        containers: [...containers, container(spec.name, { attempt, annotations, sandboxId: newest?.id ?? '' })],
      };
    }
    case 'killContainer':
      return {
        sandboxes,
        containers: containers.map((each) =>
          each.id === action.container.id ? { ...each, state: 'exited', exitCode: 137 } : each,
        ),
      };
    case 'removeContainer':
      return { sandboxes, containers: containers.filter((each) => each.id !== action.container.id) };
    default:
      return runtime;
  }
}

test('from any state, carrying out plans comes to rest, and then there is nothing more to do', () => {
  const state = fc.constantFrom<ContainerStatus['state']>('created', 'running', 'exited');
  const one = fc.record({
    name: fc.constantFrom('side', 'a', 'main', 'other'),
    attempt: fc.nat(3),
    state,
    exitCode: fc.constantFrom(0, 1),
    sandboxId: fc.constantFrom('s0', 's1'),
  });
  const policies = fc.constantFrom('Always', 'OnFailure', 'Never') as fc.Arbitrary<'Always'>;
  const sandboxStates = fc.array(fc.constantFrom<SandboxStatus['state']>('ready', 'notReady'), { maxLength: 2 });
  const atRest = fc.check(
    fc.property(
      policies,
      sandboxStates,
      fc.uniqueArray(one, { maxLength: 6, selector: (each) => `${each.name}-${each.attempt}` }),
      (restartPolicy, states, containers) => {
        const pod = podOf({
          restartPolicy,
          initContainers: [sidecar, init('a')],
          containers: [init('main'), init('other')],
        });
        let runtime: PodRuntime = {
          sandboxes: states.map((each, index) => sandbox(index, each)),
          containers: containers.map((each) => container(each.name, { ...each, finishedAt: 1000 })),
        };
        for (let round = 0; round < 20; round += 1) {
          const { actions } = plan(pod, runtime);
          if (actions.length === 0) return true;
          for (const action of actions) runtime = apply(runtime, action);
          // Init containers do their work.
          runtime = {
            ...runtime,
            containers: runtime.containers.map((each) =>
              each.name === 'a' && each.state === 'running'
                ? { ...each, state: 'exited', exitCode: 0, finishedAt: 1000 }
                : each,
            ),
          };
        }
        return false;
      },
    ),
  );
  expect(atRest.counterexample).toBeNull();
});
