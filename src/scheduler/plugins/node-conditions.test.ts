/** Rows of upstream's plugins/{tainttoleration,nodeports,nodename,nodeunschedulable,nodeaffinity}, in our words. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { decide } from '../decide.ts';
import { node, pod, snapshotOf, world, type PodOptions } from '../testing.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName, nodePorts, nodeUnschedulable, taintToleration } from './node-conditions.ts';

const plugins = [nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts];
const decideOn = (target: Pod, nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []) =>
  decide(target, world(snapshotOf(nodes, placed)), { plugins });

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
type Toleration = NonNullable<PodOptions['tolerations']>[number];

describe('TaintToleration', () => {
  const dedicated: Taint = { key: 'dedicated', value: 'one', effect: 'NoSchedule' };
  test.each<[string, readonly Taint[], readonly Toleration[], boolean]>([
    ['no taint', [], [], true],
    ['a taint', [dedicated], [], false],
    [
      'its toleration',
      [dedicated],
      [{ key: 'dedicated', operator: 'Equal', value: 'one', effect: 'NoSchedule' }],
      true,
    ],
    ['a toleration of another value', [dedicated], [{ key: 'dedicated', value: 'two', effect: 'NoSchedule' }], false],
    ['a toleration of any value', [dedicated], [{ key: 'dedicated', operator: 'Exists' }], true],
    ['a toleration of everything', [dedicated], [{ operator: 'Exists' }], true],
    ['a toleration of another effect', [dedicated], [{ key: 'dedicated', value: 'one', effect: 'NoExecute' }], false],
    ['a toleration of any effect', [dedicated], [{ key: 'dedicated', value: 'one' }], true],
    [
      'one of two taints tolerated',
      [dedicated, { key: 'k', effect: 'NoExecute' }],
      [{ key: 'dedicated', operator: 'Exists' }],
      false,
    ],
    ['a taint that only advises', [{ key: 'k', effect: 'PreferNoSchedule' }], [], true],
  ])('%s', (_, taints, tolerations, fits) => {
    const { rejected } = decideOn(pod('p', { tolerations }), [node('a', { spec: { taints } })]);
    expect(rejected.get('a')).toEqual(
      fits
        ? undefined
        : { plugin: 'TaintToleration', reasons: ['node(s) had untolerated taint(s)'], unresolvable: true },
    );
  });

  test('the fewer taints advise against it, the better', () => {
    const soft = (name: string, ...keys: readonly string[]): Node =>
      node(name, { spec: { taints: keys.map((key) => ({ key, effect: 'PreferNoSchedule' as const })) } });
    const tolerations: readonly Toleration[] = [
      { key: 'x', operator: 'Exists', effect: 'PreferNoSchedule' },
      // Says nothing of advice.
      { key: 'y', operator: 'Exists', effect: 'NoSchedule' },
    ];
    const { scores } = decideOn(pod('p', { tolerations }), [soft('a', 'x'), soft('b', 'y'), soft('c', 'y', 'z')]);
    const of = (name: string): number => (scores.get(name)?.byPlugin['TaintToleration'] ?? 0) / taintToleration.weight;
    expect(['a', 'b', 'c'].map(of)).toEqual([100, 50, 0]);
  });
});

describe('NodePorts', () => {
  const ports = (name: string, ...texts: readonly string[]): Pod =>
    pod(name, {
      containers: texts.map((text, at) => {
        const [protocol = '', hostIP = '', port = ''] = text.split('/');
        const hostPort = Number(port);
        return { name: `c${at}`, image: 'i', ports: [{ containerPort: hostPort, hostPort, hostIP, protocol }] };
      }) as never,
    });
  test.each<[string, readonly string[], readonly string[], boolean]>([
    ['nothing wanted', [], ['UDP/127.0.0.1/8080'], true],
    ['another port', ['UDP/127.0.0.1/8080'], ['UDP/127.0.0.1/9090'], true],
    ['the same port', ['UDP/127.0.0.1/8080'], ['UDP/127.0.0.1/8080'], false],
    ['another address', ['TCP/127.0.0.1/8080'], ['TCP/127.0.0.2/8080'], true],
    ['another protocol', ['UDP/127.0.0.1/8080'], ['TCP/127.0.0.1/8080'], true],
    ['one of two', ['TCP/127.0.0.1/8001', 'UDP/127.0.0.1/8080'], ['TCP/127.0.0.1/8001'], false],
    ['all addresses wanted', ['TCP/0.0.0.0/8001'], ['TCP/127.0.0.1/8001'], false],
    ['all addresses taken', ['TCP/127.0.0.1/8001'], ['TCP/0.0.0.0/8001'], false],
    ['no address is all addresses', ['TCP//8001'], ['TCP/127.0.0.1/8001'], false],
    ['all addresses of another protocol', ['UDP/127.0.0.1/8001'], ['TCP/0.0.0.0/8001'], true],
  ])('%s', (_, wanted, used, fits) => {
    const { rejected } = decideOn(ports('p', ...wanted), [node('a')], [[ports('q', ...used), 'a']]);
    const reasons = ["node(s) didn't have free ports for the requested pod ports"];
    expect(rejected.get('a')).toEqual(fits ? undefined : { plugin: 'NodePorts', reasons, unresolvable: false });
  });

  test("sidecars' ports count, those of other init containers do not", () => {
    const port = { ports: [{ containerPort: 80, hostPort: 80 }] };
    const init = (more: object): Pod =>
      pod('q', { initContainers: [{ name: 'i', image: 'i', ...port, ...more }] as never });
    expect(decideOn(ports('p', 'TCP//80'), [node('a')], [[init({}), 'a']]).node).toBe('a');
    expect(
      decideOn(ports('p', 'TCP//80'), [node('a')], [[init({ restartPolicy: 'Always' }), 'a']]).node,
    ).toBeUndefined();
  });
});

describe('NodeAffinity', () => {
  type Requirement = { readonly key: string; readonly operator: string; readonly values?: readonly string[] };
  const gpu = { 'gpu-count': '4', kind: 'fast', zone: '' };
  const required = (...terms: readonly object[]): PodOptions => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
  });
  const expressions = (...matchExpressions: readonly Requirement[]): object => ({ matchExpressions });
  const fields = (operator: string, ...values: readonly string[]): object => ({
    matchFields: [{ key: 'metadata.name', operator, values }],
  });

  test.each<[string, PodOptions, boolean]>([
    ['a selector', { nodeSelector: { kind: 'fast' } }, true],
    ['a selector of which one label is missing', { nodeSelector: { kind: 'fast', color: 'red' } }, false],
    ['a value of a list', required(expressions({ key: 'kind', operator: 'In', values: ['slow', 'fast'] })), true],
    ['a value of no list', required(expressions({ key: 'kind', operator: 'NotIn', values: ['slow'] })), true],
    [
      'an absent label is in no list',
      required(expressions({ key: 'color', operator: 'NotIn', values: ['red'] })),
      true,
    ],
    ['an empty label is there', required(expressions({ key: 'zone', operator: 'Exists' })), true],
    ['more than', required(expressions({ key: 'gpu-count', operator: 'Gt', values: ['3'] })), true],
    ['as many are not more', required(expressions({ key: 'gpu-count', operator: 'Gt', values: ['4'] })), false],
    ['less than', required(expressions({ key: 'gpu-count', operator: 'Lt', values: ['5'] })), true],
    ['more than of a word', required(expressions({ key: 'kind', operator: 'Gt', values: ['1'] })), false],
    [
      'all of a term',
      required(expressions({ key: 'kind', operator: 'Exists' }, { key: 'color', operator: 'Exists' })),
      false,
    ],
    [
      'one of the terms',
      required(expressions({ key: 'color', operator: 'Exists' }), expressions({ key: 'kind', operator: 'Exists' })),
      true,
    ],
    ['an empty term is met by nobody', required({}), false],
    ['no terms at all', required(), false],
    [
      'selector and terms',
      { nodeSelector: { kind: 'slow' }, ...required(expressions({ key: 'kind', operator: 'Exists' })) },
      false,
    ],
    ['its name', required(fields('In', 'a')), true],
    ['another name', required(fields('In', 'b')), false],
    ['any name but its own', required(fields('NotIn', 'a')), false],
    ['its name or a label', required(fields('In', 'b'), expressions({ key: 'kind', operator: 'Exists' })), true],
    [
      'its name and a label',
      required({ ...fields('In', 'a'), ...expressions({ key: 'color', operator: 'Exists' }) }),
      false,
    ],
  ])('%s', (_, spec, fits) => {
    expect(decideOn(pod('p', spec), [node('a', { labels: gpu }), node('z')]).node === 'a').toBe(fits);
  });

  test('what is preferred is added up; a term that says nothing adds nothing', () => {
    const prefer = (weight: number, preference: object): object => ({ weight, preference });
    const target = pod('p', {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            prefer(4, expressions({ key: 'kind', operator: 'Exists' })),
            prefer(1, expressions({ key: 'zone', operator: 'Exists' })),
            prefer(50, {}),
          ],
        },
      } as never,
    });
    const { scores } = decideOn(target, [node('a', { labels: gpu }), node('b', { labels: { zone: 'z' } }), node('c')]);
    const of = (name: string): number => (scores.get(name)?.byPlugin['NodeAffinity'] ?? 0) / nodeAffinity.weight;
    expect(['a', 'b', 'c'].map(of)).toEqual([100, 20, 0]);
  });
});

test('a pod that names its node goes nowhere else', () => {
  const { rejected, node: chosen } = decideOn(pod('p', { nodeName: 'b' }), [node('a'), node('b')]);
  expect(chosen).toBe('b');
  expect(rejected.get('a')?.reasons).toEqual(["node(s) didn't match the requested node name"]);
});
