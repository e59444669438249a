import { describe, expect, test } from 'vitest';
import { decide, enoughCandidates, explain } from './decide.ts';
import { decideOn, node, pod, snapshotOf, world } from './testing.ts';

const reasonsOf = (decision: ReturnType<typeof decideOn>, nodes: number): string => explain(decision, nodes);

describe('a decision', () => {
  test('chooses the emptier of two nodes', () => {
    const decision = decideOn(
      pod('new', { requests: { cpu: '1' } }),
      [node('full'), node('empty')],
      [[pod('old', { requests: { cpu: '3', memory: '6Gi' } }), 'full']],
    );
    expect(decision.node).toBe('empty');
  });

  test('says for each reason how many nodes gave it, as kubectl describe shows', () => {
    const nodes = [
      node('small', { cpu: '500m' }),
      node('tainted-1', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
      node('tainted-2', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } }),
    ];
    const decision = decideOn(pod('p', { requests: { cpu: '1' } }), nodes);
    expect(decision.node).toBeUndefined();
    expect(reasonsOf(decision, 3)).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).',
    );
    expect(decision.rejectedBy).toEqual(new Set(['NodeResourcesFit', 'TaintToleration']));
  });

  test('names every resource that is short', () => {
    const decision = decideOn(pod('p', { requests: { cpu: '9', memory: '90Gi', 'example.com/gpu': '1' } }), [
      node('a'),
    ]);
    expect(reasonsOf(decision, 1)).toBe(
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory.',
    );
  });

  test('of a pod that names its node speaks of the others as of one (upstream pkg/scheduler/schedule_one.go)', () => {
    const nodes = [node('a', { cpu: '500m' }), node('b'), node('c')];
    const pinned = pod('p', { requests: { cpu: '1' }, ...fieldAffinity('a') });
    expect(reasonsOf(decideOn(pinned, nodes), 3)).toBe(
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    );
    expect(decideOn(pod('p', fieldAffinity('b')), nodes).evaluated).toBe(1);
  });

  test('of a pod that names two nodes at once says so once (upstream plugins/nodeaffinity/node_affinity.go)', () => {
    const field = (name: string): object => ({ key: 'metadata.name', operator: 'In', values: [name] });
    const nodeSelectorTerms = [{ matchFields: [field('a'), field('b')] }];
    const torn = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
    const decision = decideOn(pod('p', { affinity: torn as never }), [node('a'), node('b')]);
    expect(reasonsOf(decision, 2)).toBe('0/2 nodes are available: pod affinity terms conflict.');
  });

  test('takes the node where room was made, though another is emptier', () => {
    const nodes = [node('a'), node('b')];
    const placed = [[pod('q', { requests: { cpu: '2' } }), 'a']] as const;
    const options = { nominated: 'a' };
    expect(decide(pod('p'), world(snapshotOf(nodes, placed)), options).node).toBe('a');
    expect(decide(pod('p', { requests: { cpu: '3' } }), world(snapshotOf(nodes, placed)), options).node).toBe('b');
  });

  test('has its own words without any node', () => {
    expect(reasonsOf(decideOn(pod('p'), []), 0)).toBe('no nodes available to schedule pods');
  });

  test('looks at a share of the nodes of a large cluster, moving on each time', () => {
    expect([50, 100, 1000, 5000, 20_000].map((nodes) => enoughCandidates(nodes))).toEqual([50, 100, 100, 100, 100]);
    const nodes = Array.from({ length: 300 }, (_, at) => node(`n${at}`));
    const decision = decide(pod('p'), world(snapshotOf(nodes)), { offset: 250 });
    expect(decision.evaluated).toBe(100);
    expect(decision.scores.has('n250')).toBe(true);
    expect(decision.scores.has('n249')).toBe(false);
  });
});

describe('filters', () => {
  const gpu = { labels: { gpu: 'yes' } };

  test.each([
    ['nodeSelector', { nodeSelector: { gpu: 'yes' } }, 'b'],
    ['required affinity', affinity({ key: 'gpu', operator: 'Exists' }), 'b'],
    ['required affinity, negated', affinity({ key: 'gpu', operator: 'DoesNotExist' }), 'a'],
    ['required affinity by number', affinity({ key: 'cores', operator: 'Gt', values: ['4'] }), 'b'],
    ['required affinity by field', fieldAffinity('a'), 'a'],
  ])('%s', (_, spec, expected) => {
    const decision = decideOn(pod('p', spec), [
      node('a', { labels: { cores: '2' } }),
      node('b', { labels: { ...gpu.labels, cores: '8' } }),
    ]);
    expect(decision.node).toBe(expected);
  });

  test('an unschedulable node takes only pods that tolerate it', () => {
    const cordoned = node('a', { spec: { unschedulable: true } });
    expect(reasonsOf(decideOn(pod('p'), [cordoned]), 1)).toBe('0/1 nodes are available: 1 node(s) were unschedulable.');
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' as const }];
    expect(decideOn(pod('p', { tolerations }), [cordoned]).node).toBe('a');
  });

  test('host ports of different addresses do not clash, all addresses do', () => {
    const withPort = (name: string, hostIP?: string): ReturnType<typeof pod> =>
      pod(name, {
        containers: [
          {
            name: 'c',
            image: 'i',
            ports: [{ containerPort: 80, hostPort: 80, ...(hostIP === undefined ? {} : { hostIP }) }],
          },
        ],
      });
    const nodes = [node('a')];
    expect(decideOn(withPort('p', '127.0.0.1'), nodes, [[withPort('q', '10.0.0.1'), 'a']]).node).toBe('a');
    expect(reasonsOf(decideOn(withPort('p'), nodes, [[withPort('q', '10.0.0.1'), 'a']]), 1)).toBe(
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    );
  });

  test('the pod limit of a node counts', () => {
    expect(reasonsOf(decideOn(pod('p'), [node('a', { pods: '1' })], [[pod('q'), 'a']]), 1)).toBe(
      '0/1 nodes are available: 1 Too many pods.',
    );
  });

  test('init containers count at their peak, sidecars all the time', () => {
    const container = (name: string, cpu: string, restartPolicy?: 'Always'): object => ({
      name,
      image: 'i',
      resources: { requests: { cpu } },
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    });
    const target = (initContainers: object[]): ReturnType<typeof pod> =>
      pod('p', { requests: { cpu: '1' }, initContainers: initContainers as never });
    const nodes = [node('a', { cpu: '2' })];
    expect(decideOn(target([container('init', '2')]), nodes).node).toBe('a');
    expect(decideOn(target([container('side', '1', 'Always')]), nodes).node).toBe('a');
    expect(decideOn(target([container('side', '1', 'Always'), container('init', '2')]), nodes).node).toBeUndefined();
    expect(decideOn(target([container('init', '2'), container('side', '1', 'Always')]), nodes).node).toBe('a');
  });
});

describe('pods near and away from each other', () => {
  const zones = [node('a1', zone('a')), node('a2', zone('a')), node('b1', zone('b'))];
  const away = (key: string): object => ({
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: key, labelSelector: { matchLabels: { app: 'web' } } },
        ],
      },
    },
  });
  const near = (key: string): object => ({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: key, labelSelector: { matchLabels: { app: 'web' } } },
        ],
      },
    },
  });
  const web = { labels: { app: 'web' } };

  test('anti-affinity keeps out of the whole domain', () => {
    expect(decideOn(pod('p', { ...web, ...away('zone') }), zones, [[pod('q', web), 'a1']]).node).toBe('b1');
  });

  test("anti-affinity of pods already there counts, too, in upstream's words", () => {
    const decision = decideOn(pod('p', web), [zones[0]!], [[pod('q', { ...web, ...away('zone') }), 'a1']]);
    expect(reasonsOf(decision, 1)).toBe(
      "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
  });

  test('affinity follows the others; the first of a group may start anywhere', () => {
    expect(decideOn(pod('p', { ...web, ...near('zone') }), zones, [[pod('q', web), 'b1']]).node).toBe('b1');
    expect(decideOn(pod('p', { ...web, ...near('zone') }), zones).node).toBeDefined();
    expect(reasonsOf(decideOn(pod('p', near('zone')), zones), 3)).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
    );
  });

  test('pods of other namespaces do not count unless they are named', () => {
    const other = pod('q', { ...web, namespace: 'other' });
    expect(decideOn(pod('p', { ...web, ...away('zone') }), [zones[0]!], [[other, 'a1']]).node).toBe('a1');
  });

  test('spread constraints keep the skew', () => {
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule' as const,
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    };
    expect(decideOn(pod('p', { ...web, ...spread }), zones, [[pod('q', web), 'a1']]).node).toBe('b1');
    const unlabelled = [...zones, node('c')];
    const rejected = decideOn(pod('p', { ...web, ...spread }), unlabelled, [[pod('q', web), 'a1']]).rejected;
    expect(rejected.get('c')?.reasons).toEqual([
      "node(s) didn't match pod topology spread constraints (missing required label)",
    ]);
    expect(rejected.get('a2')?.reasons).toEqual(["node(s) didn't match pod topology spread constraints"]);
  });
});

function zone(name: string): { labels: Record<string, string> } {
  return { labels: { zone: name } };
}

function affinity(requirement: { key: string; operator: 'Exists' | 'DoesNotExist' | 'Gt'; values?: string[] }): object {
  const nodeSelectorTerms = [{ matchExpressions: [requirement] }];
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

function fieldAffinity(name: string): object {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }];
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}
