/** Rows of upstream's plugins/noderesources/{fit,least_allocated,balanced_allocation}_test.go and imagelocality, in our words. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { decide, type NodeRejection } from '../decide.ts';
import type { Plugin } from '../plugin.ts';
import { node, pod, snapshotOf, world, type NodeOptions, type PodOptions } from '../testing.ts';
import { balancedAllocation, imageLocality, nodeResourcesFit } from './node-resources.ts';

type Amounts = Readonly<Record<string, string>>;

const huge = 'hugepages-2Mi';
const gpu = 'example.com/gpu';
/** Ten thousandths of a core, twenty bytes, five huge pages, five devices. */
const small: NodeOptions = {
  cpu: '10m',
  memory: '20',
  extended: { [huge]: '5', [gpu]: '5', 'ephemeral-storage': '20' },
};
const amounts = (cpu: number, memory: number, more: Amounts = {}): Amounts => ({
  cpu: `${cpu}m`,
  memory: `${memory}`,
  ...more,
});
const containers = (...all: readonly (Amounts & { readonly restartPolicy?: never })[]): never =>
  all.map((requests, at) => ({ name: `c${at}`, image: 'i', resources: { requests } })) as never;
const sidecar = (requests: Amounts): object => ({
  name: 's',
  image: 'i',
  restartPolicy: 'Always',
  resources: { requests },
});

/** What keeps the pod off a node on which pods use so much already. */
function rejectionOf(spec: PodOptions, used?: Amounts): NodeRejection | undefined {
  const placed = used === undefined ? [] : [[pod('q', { requests: used }), 'a'] as const];
  const options = { plugins: [nodeResourcesFit] };
  return decide(pod('p', spec), world(snapshotOf([node('a', small)], placed)), options).rejected.get('a');
}

describe('NodeResourcesFit', () => {
  const fits = [] as const;
  test.each<[string, PodOptions, Amounts | undefined, readonly string[], boolean?]>([
    ['asks for nothing', {}, amounts(10, 20), fits],
    ['asks for too much of both', { requests: amounts(1, 1) }, amounts(10, 20), ['cpu', 'memory']],
    ['asks for exactly what is left', { requests: amounts(5, 1) }, amounts(5, 19), fits],
    [
      'its init container asks for too much',
      { requests: amounts(1, 1), initContainers: containers(amounts(3, 1)) },
      amounts(8, 19),
      ['cpu'],
    ],
    [
      'its largest init container counts, not their sum',
      { requests: amounts(1, 1), initContainers: containers(amounts(1, 1), amounts(1, 1)) },
      amounts(9, 19),
      fits,
    ],
    ['its containers count together', { containers: containers(amounts(3, 1), amounts(3, 1)) }, amounts(5, 5), ['cpu']],
    ['a device is left', { requests: { [gpu]: '1' } }, { [gpu]: '4' }, fits],
    ['no device is left', { requests: { [gpu]: '1' } }, { [gpu]: '5' }, [gpu]],
    ['more devices than there are', { requests: { [gpu]: '10' } }, undefined, [gpu], true],
    [
      'a device that nobody knows',
      { requests: { 'example.com/unknown': '1' } },
      undefined,
      ['example.com/unknown'],
      true,
    ],
    ['none of a device that is used up', { requests: { [gpu]: '0' } }, { [gpu]: '6' }, fits],
    ['huge pages are left', { requests: { [huge]: '3' } }, { [huge]: '2' }, fits],
    ['more huge pages than there are', { requests: { [huge]: '6' } }, { [huge]: '2' }, [huge], true],
    ['with what its runtime costs', { requests: amounts(1, 1), overhead: amounts(3, 13) }, amounts(5, 5), fits],
    [
      'with more than its runtime may cost',
      { requests: amounts(1, 1), overhead: amounts(1, 15) },
      amounts(5, 5),
      ['memory'],
    ],
    ['room on the disk', { requests: { 'ephemeral-storage': '10' } }, undefined, fits],
    [
      'more room than the disk has',
      { requests: { 'ephemeral-storage': '25' } },
      undefined,
      ['ephemeral-storage'],
      true,
    ],
    [
      'what is said for the whole pod',
      { requests: amounts(1, 1), resources: { requests: amounts(7, 2) } },
      amounts(5, 5),
      ['cpu'],
    ],
    [
      'less for the whole pod than its containers have',
      { requests: amounts(4, 1), resources: { requests: amounts(4, 1) } },
      amounts(5, 5),
      fits,
    ],
    [
      'huge pages for the whole pod',
      { requests: amounts(1, 1), resources: { requests: amounts(1, 1, { [huge]: '10' }) } },
      undefined,
      [huge],
      true,
    ],
    [
      'what is said for the whole pod goes before its init containers',
      { requests: amounts(1, 1), resources: { requests: amounts(3, 2) }, initContainers: containers(amounts(9, 1)) },
      amounts(5, 19),
      ['memory'],
    ],
    [
      'a sidecar runs beside',
      { requests: amounts(1, 1), initContainers: [sidecar(amounts(10, 1))] as never },
      undefined,
      ['cpu'],
      true,
    ],
  ])('%s', (_, spec, used, lacking, unresolvable = false) => {
    const expected =
      lacking.length === 0
        ? undefined
        : { plugin: 'NodeResourcesFit', reasons: lacking.map((name) => `Insufficient ${name}`), unresolvable };
    expect(rejectionOf(spec, used)).toEqual(expected);
  });

  test('pods that are resized hold the most of what they want, have been granted and still have', () => {
    const resized = (wanted: string, granted: string, given: string, infeasible = false): Pod =>
      pod('q', {
        requests: { cpu: wanted },
        status: {
          ...(infeasible && { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] }),
          containerStatuses: [
            { name: 'main', allocatedResources: { cpu: granted }, resources: { requests: { cpu: given } } },
          ],
        } as never,
      });
    const left = (placed: Pod): number => {
      const room = Array.from({ length: 11 }, (_, at) => 10 - at).find(
        (cpu) =>
          decide(pod('p', { requests: { cpu: `${cpu}m` } }), world(snapshotOf([node('a', small)], [[placed, 'a']])), {
            plugins: [nodeResourcesFit],
          }).node === 'a',
      );
      return room ?? -1;
    };
    expect(left(resized('6m', '2m', '2m'))).toBe(4);
    expect(left(resized('2m', '6m', '6m'))).toBe(4);
    expect(left(resized('2m', '2m', '6m'))).toBe(4);
    expect(left(resized('2m', '2m', '2m'))).toBe(8);
    // The node can never give it: it is not kept for the pod.
    expect(left(resized('9m', '2m', '2m', true))).toBe(8);
  });

  test('sidecars that are resized count as well', () => {
    const status = {
      initContainerStatuses: [{ name: 's', allocatedResources: { cpu: '8m' }, resources: { requests: { cpu: '8m' } } }],
    };
    const placed = pod('q', { initContainers: [sidecar({ cpu: '1m' })] as never, status: status as never });
    const target = pod('p', { requests: { cpu: '3m' } });
    const options = { plugins: [nodeResourcesFit] };
    expect(decide(target, world(snapshotOf([node('a', small)], [[placed, 'a']])), options).node).toBeUndefined();
  });
});

const scoreOf = (plugin: Plugin, target: Pod, placed: Pod, options: NodeOptions): number | undefined => {
  const nodes = [node('a', options), node('b', options)];
  const { scores } = decide(target, world(snapshotOf(nodes, [[placed, 'a']])), { plugins: [plugin] });
  return scores.get('a')?.byPlugin[plugin.name];
};

describe('scores', () => {
  const options = { cpu: '4000m', memory: '10000' };
  test('the more is left of both, the better', () => {
    const [target, placed] = [pod('p', { requests: amounts(1000, 2000) }), pod('q', { requests: amounts(2000, 4000) })];
    expect(scoreOf(nodeResourcesFit, target, placed, options)).toBe(32);
    expect(
      scoreOf(nodeResourcesFit, target, pod('q', { requests: amounts(1000, 2000) }), { ...options, cpu: '6000m' }),
    ).toBe(63);
  });

  test('as much of the one as of the other', () => {
    const target = pod('p', { requests: amounts(1000, 2000) });
    // 0.75 of the processor, 0.6 of memory.
    expect(scoreOf(balancedAllocation, target, pod('q', { requests: amounts(2000, 4000) }), options)).toBe(92);
    expect(scoreOf(balancedAllocation, pod('p'), pod('q', { requests: amounts(2000, 4000) }), options)).toBeUndefined();
  });
});

describe('ImageLocality', () => {
  const mega = 1024 * 1024;
  const withImages = (name: string, images: Readonly<Record<string, number>>) => {
    const made = node(name);
    const list = Object.entries(images).map(([image, size]) => ({ names: [image], sizeBytes: size * mega }));
    return { ...made, status: { ...made.status, images: list } };
  };
  const nodes = [
    withImages('a', { 'app:1': 300, 'registry.example.com:5000/db:latest': 200 }),
    withImages('b', { 'app:1': 300 }),
    withImages('c', { tiny: 10 }),
  ];
  const scores = (spec: PodOptions): readonly (number | undefined)[] => {
    const decision = decide(pod('p', spec), world(snapshotOf(nodes)), { plugins: [imageLocality] });
    return nodes.map(({ metadata }) => decision.scores.get(metadata.name)?.byPlugin['ImageLocality']);
  };

  test('those who have the image go first, the less the fewer have it', () => {
    // 200 of 300 MiB count: two of three nodes have it.
    expect(scores({})).toEqual([18, 18, 0]);
  });

  test('an image without a tag is the latest, though its registry has a port', () => {
    const named = [{ name: 'main', image: 'registry.example.com:5000/db' }] as never;
    expect(scores({ containers: named })).toEqual([4, 0, 0]);
  });

  test('nobody has it', () => {
    expect(scores({ containers: [{ name: 'main', image: 'other' }] as never })).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
