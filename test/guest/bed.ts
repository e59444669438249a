/** What tests in the guest share: the guest, a client of its cluster, pods in a namespace of the test file's own. */
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { clientProgram, type Kubectl, ok, run, type RunResult } from '../support/clients.ts';
import { eventually } from '../support/cluster.ts';
import { Guest } from './guest.ts';

/** Set by `coracle test guest`: the folder of the running guest, and that of its disks. */
export const guestVariable = 'CORACLE_GUEST';
export const placeVariable = 'CORACLE_GUEST_PLACE';

/** Where somebody waits for a guest: nothing is fast there. */
export const patience = 240_000;

export interface Bed {
  readonly guest: Guest;
  readonly namespace: string;
  readonly kubectl: Kubectl;
  /** What kubectl prints when it must succeed. */
  ok(...args: readonly string[]): Promise<string>;
  apply(...objects: readonly object[]): Promise<void>;
  /** What kubectl says of objects that may be refused. */
  tryApply(...objects: readonly object[]): Promise<RunResult>;
  /** Waits for a pod's phase. */
  phase(pod: string, phase: 'Running' | 'Succeeded' | 'Failed'): Promise<void>;
  exec(pod: string, script: string, container?: string): Promise<string>;
  get<T>(kind: string, name: string): Promise<T>;
  /** The first event of an object with that reason. */
  event(object: string, reason: string): Promise<string>;
  delete(...pods: readonly string[]): Promise<void>;
}

export function guestOf(): Guest {
  const folder = process.env[guestVariable];
  if (folder === undefined) throw new Error('these tests need a guest: run them by `./coracle test guest`');
  return Guest.at(folder);
}

/** To be called in a `describe`: makes a namespace, and deletes it in the end. */
export function guestBed(namespace: string): Bed {
  const guest = guestOf();
  const kubeconfig = join(guest.address.folder, 'kubeconfig');
  const within = (...args: readonly string[]): Promise<RunResult> =>
    run(clientProgram('kubectl'), ['-n', namespace, ...args], { env: { KUBECONFIG: kubeconfig }, timeout: patience });
  const okay = (...args: readonly string[]): Promise<string> => ok(within(...args));
  const tryApply = (...objects: readonly object[]): Promise<RunResult> =>
    run(clientProgram('kubectl'), ['-n', namespace, 'apply', '-f', '-'], {
      env: { KUBECONFIG: kubeconfig },
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    });
  const remove = (): Promise<RunResult> =>
    run(clientProgram('kubectl'), ['delete', 'namespace', namespace, '--ignore-not-found'], {
      env: { KUBECONFIG: kubeconfig },
      timeout: patience,
    });
  beforeAll(async () => {
    await ok(remove());
    await okay('create', 'namespace', namespace);
  }, patience);
  afterAll(async () => void (await ok(remove())), patience);
  return {
    guest,
    namespace,
    kubectl: within,
    ok: okay,
    tryApply,
    async apply(...objects) {
      await ok(tryApply(...objects));
    },
    phase: (pod, phase) =>
      eventually(
        `${phase} of pod ${pod}`,
        async () => {
          const found = await okay('get', 'pod', pod, '-o', 'jsonpath={.status.phase}');
          if (found !== phase && ['Succeeded', 'Failed'].includes(found)) throw new Error(`it has ${found}`);
          return found === phase;
        },
        patience,
      ).then(() => {}),
    exec: (pod, script, container) =>
      okay('exec', pod, ...(container === undefined ? [] : ['-c', container]), '--', 'sh', '-c', script).then((text) =>
        text.trimEnd(),
      ),
    get: async <T>(kind: string, name: string) => JSON.parse(await okay('get', kind, name, '-o', 'json')) as T,
    event: (object, reason) =>
      eventually(
        `event ${reason} of ${object}`,
        async () => {
          const selector = `involvedObject.name=${object},reason=${reason}`;
          const found = await okay('get', 'events', '--field-selector', selector, '-o', 'jsonpath={.items[0].message}');
          return found === '' ? undefined : found;
        },
        patience,
      ),
    async delete(...pods) {
      await okay('delete', 'pod', ...pods, '--grace-period=1', '--timeout=110s');
    },
  };
}

export interface PodOptions {
  readonly image?: string;
  readonly spec?: object;
  /** More of its one container. */
  readonly container?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A pod of one busybox container, `main`, that runs a script; by default one that waits. */
export function podOf(name: string, script = 'sleep 3600', options: PodOptions = {}): object {
  const { image = 'busybox', spec = {}, container = {}, annotations = {}, labels = {} } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations, labels },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      containers: [
        // exec: the first process is the last command, which a signal ends.
        { name: 'main', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...container },
      ],
      ...spec,
    },
  };
}
