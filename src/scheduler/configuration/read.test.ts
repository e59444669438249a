import { describe, expect, test } from 'vitest';
import { decide } from '../decide.ts';
import { defaultProfiles, type Profile } from '../profile.ts';
import { node, pod, snapshotOf, world, type NodeOptions, type PodOptions } from '../testing.ts';
import { readSchedulerConfiguration } from './read.ts';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const read = (rest: string) => readSchedulerConfiguration(`${head}${rest}`);

async function profile(rest: string, name = 'default-scheduler'): Promise<Profile> {
  const found = (await read(rest)).profiles[name];
  if (found === undefined) throw new Error(`there is no profile ${name}`);
  return found;
}

const namesOf = ({ plugins }: Profile): readonly string[] => plugins.map(({ name }) => name);

/** Where a pod goes among nodes that are named and used like this. */
function placed(
  { plugins }: Profile,
  nodes: Readonly<Record<string, NodeOptions & { readonly used?: Readonly<Record<string, string>> }>>,
  options: PodOptions = { requests: { cpu: '1', memory: '1Gi' } },
): string | undefined {
  const snapshot = snapshotOf(
    Object.entries(nodes).map(([name, each]) => node(name, each)),
    Object.entries(nodes).flatMap(([name, { used }]) =>
      used === undefined ? [] : [[pod(`on-${name}`, { requests: used }), name] as const],
    ),
  );
  return decide(pod('it', options), world(snapshot), { plugins }).node;
}

describe('a file that says nothing', () => {
  test.each([
    '',
    'profiles: []',
    'profiles: [{}]',
    'leaderElection: {leaderElect: true}\nclientConnection: {kubeconfig: /x}\n',
  ])('changes nothing: %j', async (rest) => {
    const { profiles, backoff } = await read(rest);
    expect(Object.keys(profiles)).toEqual(['default-scheduler']);
    const [one, other] = [profiles['default-scheduler'], defaultProfiles['default-scheduler']];
    const shape = ({ plugins, ...rest_ }: Profile) => ({
      ...rest_,
      plugins: plugins.map(({ name, weight }) => [name, weight]),
    });
    expect(one && shape(one)).toEqual(other && shape(other));
    expect(backoff).toEqual({ first: 1_000, longest: 10_000 });
  });
});

describe('profiles', () => {
  test('are several, by schedulerName', async () => {
    const { profiles } = await read(`
percentageOfNodesToScore: 30
profiles:
- schedulerName: default-scheduler
- schedulerName: no-scoring
  percentageOfNodesToScore: 100
  plugins: {preScore: {disabled: [{name: '*'}]}, score: {disabled: [{name: '*'}]}}
`);
    expect(Object.entries(profiles).map(([name, each]) => [name, each.percentageOfNodes])).toEqual([
      ['default-scheduler', 30],
      ['no-scoring', 100],
    ]);
    expect(profiles['no-scoring']?.plugins.every(({ weight }) => weight === 0)).toBe(true);
  });

  test('leave out plugins at one point or at all of them, and weigh them anew', async () => {
    const chosen = await profile(`
profiles:
- plugins:
    multiPoint: {disabled: [{name: ImageLocality}, {name: DefaultPreemption}]}
    filter: {disabled: [{name: TaintToleration}]}
    score: {disabled: [{name: InterPodAffinity}], enabled: [{name: NodeAffinity, weight: 7}]}
`);
    expect(namesOf(chosen)).not.toContain('ImageLocality');
    expect(chosen.preempts).toBe(false);
    const weights = Object.fromEntries(chosen.plugins.map(({ name, weight }) => [name, weight]));
    expect(weights).toMatchObject({ NodeAffinity: 7, TaintToleration: 3, InterPodAffinity: 0 });
    const taints = [{ key: 'k', effect: 'NoSchedule' as const }];
    expect(placed(chosen, { a: { spec: { taints } } })).toBe('a');
  });

  test('name what is left when everything else is left out', async () => {
    const chosen = await profile(`
profiles:
- plugins: {multiPoint: {disabled: [{name: '*'}], enabled: [{name: NodeResourcesFit, weight: 5}]}}
`);
    expect(chosen.plugins.map(({ name, weight }) => [name, weight])).toEqual([['NodeResourcesFit', 5]]);
    expect(chosen.preempts).toBe(false);
  });
});

describe('arguments of plugins', () => {
  const configured = (name: string, args: string): Promise<Profile> =>
    profile(`profiles: [{pluginConfig: [{name: ${name}, args: ${args}}]}]`);
  const half = { used: { cpu: '2', memory: '4Gi' } };

  test('MostAllocated packs nodes', async () => {
    const packing = await configured('NodeResourcesFit', '{scoringStrategy: {type: MostAllocated}}');
    expect(placed(packing, { empty: {}, half })).toBe('half');
    expect(placed(await profile(''), { empty: {}, half })).toBe('empty');
  });

  test('RequestedToCapacityRatio prefers what its line says', async () => {
    const shape = '[{utilization: 0, score: 0}, {utilization: 75, score: 10}, {utilization: 100, score: 0}]';
    const strategy = `{type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: ${shape}}}`;
    const chosen = await configured('NodeResourcesFit', `{scoringStrategy: ${strategy}}`);
    const full = { used: { cpu: '3', memory: '7Gi' } };
    expect(placed(chosen, { empty: {}, half, full })).toBe('half');
  });

  test('weigh resources, extended ones too', async () => {
    const resources = '[{name: example.com/gpu, weight: 100}, {name: cpu, weight: 1}]';
    const chosen = await configured(
      'NodeResourcesFit',
      `{scoringStrategy: {type: MostAllocated, resources: ${resources}}}`,
    );
    const gpus = (used: string, cpu: string) => ({
      extended: { 'example.com/gpu': '4' },
      used: { 'example.com/gpu': used, cpu },
    });
    const wants = { requests: { 'example.com/gpu': '1', cpu: '1' } };
    expect(placed(chosen, { few: gpus('1', '3'), many: gpus('2', '0') }, wants)).toBe('many');
    expect(placed(chosen, { few: gpus('1', '3'), many: gpus('2', '0') }, { requests: { cpu: '1' } })).toBe('few');
  });

  test('resources that another program looks after are no hindrance', async () => {
    const chosen = await configured('NodeResourcesFit', '{ignoredResourceGroups: [example.com]}');
    const wants = { requests: { 'example.com/gpu': '1' } };
    expect(placed(chosen, { a: {} }, wants)).toBe('a');
    expect(placed(await profile(''), { a: {} }, wants)).toBeUndefined();
  });

  test('an added affinity is all pods', async () => {
    const required = '{nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]}';
    const chosen = await configured(
      'NodeAffinity',
      `{addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: ${required}}}`,
    );
    expect(placed(chosen, { plain: {}, fast: { labels: { disk: 'ssd' }, ...half } })).toBe('fast');
    const snapshot = snapshotOf([node('plain')]);
    const decision = decide(pod('it'), world(snapshot), { plugins: chosen.plugins });
    expect(decision.rejected.get('plain')?.reasons).toEqual(["node(s) didn't match scheduler-enforced node affinity"]);
  });

  test('pods spread by the constraints of a list, hard ones too, or not at all', async () => {
    const hard = '[{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]';
    const spread = await configured('PodTopologySpread', `{defaultingType: List, defaultConstraints: ${hard}}`);
    const none = await configured('PodTopologySpread', '{defaultingType: List}');
    const labels = { app: 'web' };
    const nodes = [node('a', { labels: { zone: '1' } }), node('b', { labels: { zone: '2' }, cpu: '1' })];
    const snapshot = snapshotOf(nodes, [[pod('there', { labels }), 'a']]);
    const cluster = world(snapshot, { selectorsOf: () => [labels] });
    const wants = pod('it', { labels, requests: { cpu: '500m' } });
    expect(decide(wants, cluster, { plugins: spread.plugins }).node).toBe('b');
    const scores = decide(wants, cluster, { plugins: none.plugins }).scores.get('a')?.byPlugin;
    expect(scores).not.toHaveProperty('PodTopologySpread');
  });

  test('say how long pods wait for their volumes', async () => {
    expect(await configured('VolumeBinding', '{bindTimeoutSeconds: 30}')).toMatchObject({ volumeBindTimeout: 30_000 });
  });

  test('pauses between attempts', async () => {
    const { backoff } = await read('podInitialBackoffSeconds: 2\npodMaxBackoffSeconds: 60\n');
    expect(backoff).toEqual({ first: 2_000, longest: 60_000 });
  });
});

describe('what cannot be', () => {
  const plugin = (set: string): string => `profiles: [{plugins: {${set}}}]`;
  const args = (name: string, text: string): string => `profiles: [{pluginConfig: [{name: ${name}, args: ${text}}]}]`;
  test.each([
    ['nonsense: 1', 'unknown field "nonsense"'],
    ['extenders: [{urlPrefix: "http://x"}]', 'extenders: Forbidden: this scheduler calls no extenders'],
    ['profiles: [{schedulerName: a}, {schedulerName: a}]', 'profiles[1].schedulerName: Duplicate value: "a"'],
    ['profiles: [{}, {schedulerName: a}]', 'profiles[0].schedulerName: Required value'],
    ['percentageOfNodesToScore: 101', 'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]'],
    ['podInitialBackoffSeconds: 0', 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      'podMaxBackoffSeconds: 0',
      'podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    ['podMaxBackoffSeconds: soon', 'podMaxBackoffSeconds'],
    [
      plugin('filter: {enabled: [{name: Mine}]}'),
      'profiles[0].plugins.filter.enabled[0].name: Unsupported value: "Mine"',
    ],
    [
      plugin("bind: {disabled: [{name: '*'}]}"),
      'profiles[0].plugins.bind.disabled[0].name: Forbidden: this scheduler cannot do without',
    ],
    [args('Mine', '{}'), 'profiles[0].pluginConfig[0].name: Unsupported value: "Mine"'],
    [
      args('NodeResourcesFit', '{strategy: x}'),
      'profiles[0].pluginConfig[0].args: Forbidden: unknown field "strategy"',
    ],
    [
      args('NodeResourcesFit', '{scoringStrategy: {type: Most}}'),
      'scoringStrategy.type: Unsupported value: "Most": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      args('NodeResourcesFit', '{scoringStrategy: {resources: [{name: cpu, weight: 101}]}}'),
      'resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]',
    ],
    [
      args('InterPodAffinity', '{hardPodAffinityWeight: 101}'),
      'hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]',
    ],
    [
      args(
        'PodTopologySpread',
        '{defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]}',
      ),
      'defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ],
    [
      args('VolumeBinding', '{bindTimeoutSeconds: -1}'),
      'bindTimeoutSeconds: Invalid value: -1: should not be a negative value',
    ],
    [args('NodeAffinity', '{kind: Other}'), 'must be of kind NodeAffinityArgs'],
    [args('NodeResourcesFit', '[]'), 'args: Invalid value: []: must be an object'],
  ])('%s', async (rest, message) => {
    await expect(read(rest)).rejects.toThrow(message);
  });

  test.each(['', 'kind: Pod', head.replace('/v1', '/v1beta3')])('another file: %j', async (text) => {
    await expect(readSchedulerConfiguration(text)).rejects.toThrow('it is not of kind KubeSchedulerConfiguration');
  });
});
