/** Scheduler and volume controllers together, as upstream's test/integration/volumescheduling has them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import type { PodSpec } from '../../api/core/pod-spec.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { persistentVolumeControllers } from '../../controllers/persistent-volume/controller.ts';
import { Simulation } from '../../controllers/testing/simulation.ts';
import { Scheduler } from '../../scheduler/scheduler.ts';

const namespace = 'default';
const provisioner = 'disk.example.com';
const hostname = 'kubernetes.io/hostname';
const selectedNode = 'volume.kubernetes.io/selected-node';

let it: Simulation;
let scheduler: Scheduler;
beforeEach(() => {
  it = new Simulation({
    nodes: 0,
    placesPods: false,
    controllers: (deps, events) => {
      scheduler = new Scheduler({ ...deps, events });
      return [...persistentVolumeControllers(deps, events), scheduler];
    },
  });
  addClass('wait', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer');
  addClass('now', 'kubernetes.io/no-provisioner', 'Immediate');
  addClass('made-later', provisioner, 'WaitForFirstConsumer');
  addClass('made-now', provisioner, 'Immediate');
  addClass('made-elsewhere', provisioner, 'WaitForFirstConsumer', 'node-9');
});
afterEach(() => it.stop());

function addClass(
  name: string,
  by: string,
  volumeBindingMode: NonNullable<StorageClass['volumeBindingMode']>,
  onlyOn?: string,
): void {
  const allowedTopologies = [{ matchLabelExpressions: [{ key: hostname, values: [onlyOn ?? ''] }] }];
  it.put(StorageClass, {
    metadata: { name },
    provisioner: by,
    volumeBindingMode,
    ...(onlyOn === undefined ? {} : { allowedTopologies }),
  });
}

function addNodes(count: number): void {
  for (let index = 1; index <= count; index += 1) {
    const name = `node-${index}`;
    it.put(Node, {
      metadata: { name, labels: { [hostname]: name } },
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
    });
  }
}

interface VolumeRow {
  readonly of: string;
  readonly on?: string;
  /** The claim that it is for already. */
  readonly for?: string;
}

function volume(name: string, { of, on, for: claimName }: VolumeRow): void {
  it.put(PersistentVolume, {
    metadata: { name },
    spec: {
      storageClassName: of,
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      local: { path: '/disk' },
      ...(claimName === undefined ? {} : { claimRef: { namespace, name: claimName } }),
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: hostname, operator: 'In' as const, values: [on ?? 'node-1'] }] },
          ],
        },
      },
    },
  });
}

function claim(name: string, storageClassName: string, volumeName?: string): void {
  it.put(PersistentVolumeClaim, {
    metadata: { name, namespace },
    spec: {
      storageClassName,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '5Gi' } },
      ...(volumeName === undefined ? {} : { volumeName }),
    },
  });
}

function podWith(name: string, claims: readonly string[], spec: Partial<PodSpec> = {}): void {
  it.put(Pod, {
    metadata: { name, namespace, labels: { app: 'user' } },
    spec: {
      containers: [{ name: 'main', image: 'app:1' }],
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
      ...spec,
    },
  });
}

/** What a CSI provisioner does: it makes volumes for claims that are told to it, on the node if one is chosen. */
async function provision(): Promise<void> {
  for (const { metadata, spec } of it.client.all(PersistentVolumeClaim)) {
    const { name, annotations = {} } = metadata;
    const on = annotations[selectedNode];
    const asked = annotations['volume.kubernetes.io/storage-provisioner'] === provisioner;
    const made = it.client.all(PersistentVolume).some(({ spec: { claimRef } = {} }) => claimRef?.name === name);
    if (!asked || made || (on === undefined && spec?.storageClassName !== 'made-now')) continue;
    volume(`made-for-${name}`, { of: spec?.storageClassName ?? '', on: on ?? 'node-1', for: name });
  }
  await Promise.resolve();
}

async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await it.run(10_000);
    await provision();
  }
}

const phasesIn = (
  objects: readonly { readonly metadata: { readonly name: string }; readonly status?: { readonly phase?: string } }[],
): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(objects.map(({ metadata, status }) => [metadata.name, status?.phase]));
const volumePhases = (): Readonly<Record<string, string | undefined>> => phasesIn(it.client.all(PersistentVolume));
const claimPhases = (): Readonly<Record<string, string | undefined>> => phasesIn(it.client.all(PersistentVolumeClaim));
const placeOf = (name: string): string | undefined =>
  it.client.all(Pod).find(({ metadata }) => metadata.name === name)?.spec?.nodeName;
const conditionOf = (name: string): { status?: string; reason?: string; message?: string } | undefined =>
  it.client
    .all(Pod)
    .find(({ metadata }) => metadata.name === name)
    ?.status?.conditions?.find(({ type }) => type === 'PodScheduled');

interface Row {
  readonly volumes?: Readonly<Record<string, VolumeRow>>;
  /** Their class, or class and volume. */
  readonly claims: Readonly<Record<string, string | readonly [string, string]>>;
  readonly place: string | undefined;
  readonly bound?: readonly string[];
}

function set({ claims }: Pick<Row, 'claims'>): void {
  for (const [name, given] of Object.entries(claims)) {
    const [of, volumeName] = typeof given === 'string' ? [given] : given;
    claim(name, of, volumeName);
  }
  podWith('user', Object.keys(claims));
}

// TestVolumeBinding
const binding: Readonly<Record<string, Row>> = {
  'a volume is there for a claim that does not wait': {
    volumes: { pv: { of: 'now' } },
    claims: { a: 'now' },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'none is there for a claim that does not wait': { claims: { a: 'now' }, place: undefined },
  'a claim that does not wait names its volume': {
    volumes: { pv: { of: 'now' } },
    claims: { a: ['now', 'pv'] },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'a volume names its claim, which does not wait': {
    volumes: { pv: { of: 'now', for: 'a' } },
    claims: { a: 'now' },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'a volume is there for a claim that waits': {
    volumes: { pv: { of: 'wait' } },
    claims: { a: 'wait' },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'none is there for a claim that waits': { claims: { a: 'wait' }, place: undefined },
  'a claim that waits names its volume': {
    volumes: { pv: { of: 'wait' } },
    claims: { a: ['wait', 'pv'] },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'a volume names its claim, which waits': {
    volumes: { pv: { of: 'wait', for: 'a' } },
    claims: { a: 'wait' },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'two claims that wait have volumes together on one node only': {
    volumes: { first: { of: 'wait', on: 'node-2' }, second: { of: 'wait', on: 'node-2' }, alone: { of: 'wait' } },
    claims: { a: 'wait', b: 'wait' },
    place: 'node-2',
    bound: ['first', 'second', 'a', 'b'],
  },
  'two claims that wait have volumes on different nodes': {
    volumes: { first: { of: 'wait', on: 'node-2' }, second: { of: 'wait' } },
    claims: { a: 'wait', b: 'wait' },
    place: undefined,
  },
  'one claim waits, one does not': {
    volumes: { pv: { of: 'wait' }, other: { of: 'now' } },
    claims: { a: 'wait', b: 'now' },
    place: 'node-1',
    bound: ['pv', 'other', 'a', 'b'],
  },
};

// TestVolumeProvision
const provisioning: Readonly<Record<string, Row>> = {
  'made when the pod has its node': { claims: { a: 'made-later' }, place: 'node-1', bound: ['a', 'made-for-a'] },
  'can be made on no node that is there': { claims: { a: 'made-elsewhere' }, place: undefined },
  'one is there, one is made': {
    volumes: { pv: { of: 'wait' } },
    claims: { a: 'wait', b: 'made-later' },
    place: 'node-1',
    bound: ['pv', 'a', 'b', 'made-for-b'],
  },
  'one is there for a claim that does not wait, one is made': {
    volumes: { pv: { of: 'now', for: 'a' } },
    claims: { a: 'now', b: 'made-later' },
    place: 'node-1',
    bound: ['pv', 'a', 'b', 'made-for-b'],
  },
  'one names its claim, which waits, one is made': {
    volumes: { pv: { of: 'wait', for: 'a' } },
    claims: { a: 'wait', b: 'made-later' },
    place: 'node-1',
    bound: ['pv', 'a', 'b', 'made-for-b'],
  },
  'one of the class that could be made is there already': {
    volumes: { pv: { of: 'made-later' } },
    claims: { a: 'made-later' },
    place: 'node-1',
    bound: ['pv', 'a'],
  },
  'made without a pod': { claims: { a: 'made-now' }, place: 'node-1', bound: ['a', 'made-for-a'] },
};

type Phases = Readonly<Record<string, string | undefined>>;

interface Outcome {
  readonly place: string | undefined;
  readonly reason: string | undefined;
  readonly volumes: Phases;
  readonly claims: Phases;
}

/** What becomes of the row, and what should. */
async function outcomesOf(row: Row, nodes: number): Promise<readonly [Outcome, Outcome]> {
  addNodes(nodes);
  for (const [name, each] of Object.entries(row.volumes ?? {})) volume(name, each);
  await it.run(0);
  set(row);
  await settle();
  const volumes = volumePhases();
  const claims = claimPhases();
  const reason = conditionOf('user')?.reason;
  const phasesOf = (all: Phases, otherwise: string): Phases =>
    Object.fromEntries(
      Object.keys(all).map((name) => [name, row.bound?.includes(name) === true ? 'Bound' : otherwise]),
    );
  return [
    { place: placeOf('user'), reason: placeOf('user') === undefined ? reason : undefined, volumes, claims },
    {
      place: row.place,
      reason: row.place === undefined ? 'Unschedulable' : undefined,
      volumes: phasesOf(volumes, 'Available'),
      claims: phasesOf(claims, 'Pending'),
    },
  ];
}

test.each(Object.entries(binding))('binding: %s', async (_, row) => {
  const [is, should] = await outcomesOf(row, 2);
  expect(is).toEqual(should);
});

test.each(Object.entries(provisioning))('provisioning: %s', async (_, row) => {
  const [is, should] = await outcomesOf(row, 1);
  expect(is).toEqual(should);
});

test('a claim whose volume the scheduler did not have made does not name a node', async () => {
  addNodes(1);
  set({ claims: { a: 'made-now', b: 'made-later' } });
  await settle();
  expect(claimPhases()).toEqual({ a: 'Bound', b: 'Bound' });
  const chosen = it.client
    .all(PersistentVolumeClaim)
    .map(({ metadata }) => [metadata.name, metadata.annotations?.[selectedNode]]);
  expect(chosen).toEqual([
    ['a', undefined],
    ['b', 'node-1'],
  ]);
});

// TestVolumeBindingRescheduling
describe('a pod that waits is tried again when there comes', () => {
  test.each<[string, () => void, () => void]>([
    [
      'a class whose volumes are made',
      () => claim('a', 'new'),
      () => addClass('new', provisioner, 'WaitForFirstConsumer'),
    ],
    [
      'a class and its volume',
      () => claim('a', 'new'),
      () => {
        addClass('new', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer');
        volume('pv', { of: 'new' });
      },
    ],
    ['its claim', () => volume('pv', { of: 'wait' }), () => claim('a', 'wait')],
    ['a volume for its claim', () => claim('a', 'wait'), () => volume('pv', { of: 'wait' })],
    ['a volume for its claim that does not wait', () => claim('a', 'now'), () => volume('pv', { of: 'now' })],
  ])('%s', async (_, before, then) => {
    addNodes(2);
    before();
    podWith('user', ['a']);
    await settle();
    expect(conditionOf('user')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    then();
    await settle();
    expect(placeOf('user')).toMatch(/^node-/);
    expect(claimPhases()).toEqual({ a: 'Bound' });
  });
});

// TestVolumeBindingStress
test('many pods with many claims each, some for volumes that name them', async () => {
  addNodes(1);
  const [pods, each] = [20, 5];
  for (let index = 0; index < pods * each; index += 1) {
    const reserved = index % 3 === 0;
    volume(`pv-${index}`, reserved ? { of: 'now', for: `claim-${index}` } : { of: 'wait' });
    if (reserved) claim(`claim-${index}`, 'now', `pv-${index}`);
    else claim(`claim-${index}`, 'wait');
  }
  for (let index = 0; index < pods; index += 1) {
    podWith(
      `user-${index}`,
      Array.from({ length: each }, (_, at) => `claim-${index * each + at}`),
    );
  }
  await settle();
  expect(it.client.all(Pod).map(({ spec }) => spec?.nodeName)).toEqual(Array.from({ length: pods }, () => 'node-1'));
  expect(new Set(Object.values(volumePhases()))).toEqual(new Set(['Bound']));
  expect(new Set(Object.values(claimPhases()))).toEqual(new Set(['Bound']));
  const taken = it.client.all(PersistentVolumeClaim).map(({ spec }) => spec?.volumeName);
  expect(new Set(taken).size).toBe(pods * each);
});

// TestVolumeBindingWithAntiAffinity, TestVolumeBindingWithAffinity
test.each([
  ['podAntiAffinity', 1, 6],
  ['podAffinity', 6, 1],
] as const)('claims that wait, of pods with %s', async (which, volumesElsewhere, nodes) => {
  addNodes(6);
  for (let index = 0; index < 20; index += 1) volume(`pv-1-${index}`, { of: 'wait' });
  for (let index = 0; index < 5 * volumesElsewhere; index += 1) {
    volume(`pv-${index}`, { of: 'wait', on: `node-${2 + (index % 5)}` });
  }
  await it.run(0);
  const term = { labelSelector: { matchLabels: { app: 'user' } }, topologyKey: hostname };
  for (let index = 1; index <= 6; index += 1) {
    claim(`claim-${index}`, 'wait');
    podWith(`user-${index}`, [`claim-${index}`], {
      affinity: { [which]: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    });
  }
  await settle();
  const places = new Set(it.client.all(Pod).map(({ spec }) => spec?.nodeName));
  expect(places.has(undefined)).toBe(false);
  expect(places.size).toBe(nodes);
  expect(new Set(Object.values(claimPhases()))).toEqual(new Set(['Bound']));
});

// TestPVAffinityConflict
test.each<[string, Partial<PodSpec>]>([
  ['a selector', { nodeSelector: { [hostname]: 'node-2' } }],
  [
    'an affinity',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: ['node-2'] }] }],
          },
        },
      },
    },
  ],
])('a bound volume on another node than %s wants', async (_, spec) => {
  addNodes(3);
  volume('pv', { of: 'now' });
  claim('a', 'now');
  await settle();
  podWith('user', ['a'], spec);
  await settle();
  expect(conditionOf('user')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
  expect(conditionOf('user')?.message).toMatch(/^0\/3 nodes are available: /);
  expect(conditionOf('user')?.message).toContain("2 node(s) didn't match Pod's node affinity/selector");
  expect(conditionOf('user')?.message).toMatch(/1 node\(s\) (had|didn't match) .*[Vv]olume/);
});

describe('while a pod waits for a volume to be made', () => {
  const failures = (): readonly string[] =>
    it.events.filter(({ reason }) => reason === 'FailedScheduling').map(({ message }) => message);

  test('others are placed, however many wait', async () => {
    addNodes(1);
    for (let index = 0; index < 80; index += 1) {
      claim(`claim-${index}`, 'made-later');
      podWith(`user-${index}`, [`claim-${index}`]);
    }
    await it.run(1000);
    podWith('plain', []);
    await it.run(1000);
    expect(placeOf('plain')).toBe('node-1');
    await settle();
    expect(it.client.all(Pod).filter(({ spec }) => spec?.nodeName === undefined)).toEqual([]);
  });

  // TestRescheduleProvisioning
  test('and its provisioner takes the node back', async () => {
    addNodes(1);
    claim('a', 'made-later');
    podWith('user', ['a']);
    await it.run(1000);
    const why = (): string | undefined => scheduler.decisionOf('default/user')?.message;
    expect(why()).toBe('It goes to node-1 when its volumes are bound');
    const annotations = { [selectedNode]: null, kept: 'yes' };
    await it.client.patch(
      PersistentVolumeClaim,
      { namespace, name: 'a' },
      { metadata: { annotations } },
      { type: 'merge' },
    );
    await it.run(100);
    expect(failures()).toEqual([
      'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "a"',
    ]);
    expect(why()).toBe(failures()[0]);
    await settle();
    expect(placeOf('user')).toBe('node-1');
    expect(why()).toBe('Successfully assigned default/user to node-1');
  });

  test('and the volume comes on another node', async () => {
    addNodes(2);
    claim('a', 'made-later');
    podWith('user', ['a'], { nodeSelector: {} });
    await it.run(1000);
    const chosen = it.client.all(PersistentVolumeClaim)[0]?.metadata.annotations?.[selectedNode];
    const other = chosen === 'node-1' ? 'node-2' : 'node-1';
    volume('made', { of: 'made-later', on: other, for: 'a' });
    await it.run(100);
    expect(failures()).toEqual([
      `running PreBind plugin "VolumeBinding": binding volumes: pv "made" node affinity doesn't match node "${chosen}": ` +
        'no matching NodeSelectorTerms',
    ]);
    await settle();
    expect(placeOf('user')).toBe(other);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['is deleted', () => it.client.delete(Pod, { namespace, name: 'user' }, { gracePeriodSeconds: 0 })],
    [
      'loses its claim',
      () => it.client.delete(PersistentVolumeClaim, { namespace, name: 'a' }, { gracePeriodSeconds: 0 }),
    ],
  ])('and %s, its place is free again', async (what, happen) => {
    it.put(Node, {
      metadata: { name: 'node-1', labels: { [hostname]: 'node-1' } },
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } },
    });
    claim('a', 'made-later');
    podWith('user', ['a']);
    await it.run(1000);
    podWith('plain', []);
    await it.run(1000);
    expect(placeOf('plain')).toBeUndefined();
    await happen();
    await it.run(10_000);
    expect(placeOf('plain')).toBe('node-1');
    const lost = 'failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "default/a": not found';
    const said = failures().filter((each) => each.startsWith('running'));
    expect(said).toEqual(
      what === 'is deleted' ? [] : [`running PreBind plugin "VolumeBinding": binding volumes: ${lost}`],
    );
  });
});
