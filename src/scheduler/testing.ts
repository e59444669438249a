/** Small builders for tests. */
import type { Node } from '../api/core/node.ts';
import type { Pod } from '../api/core/pod.ts';
import type { PodSpec } from '../api/core/pod-spec.ts';
import type { Plugin, World } from './plugin.ts';
import { decide, type Decision } from './decide.ts';
import { Snapshot } from './snapshot.ts';

export interface NodeOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly extended?: Readonly<Record<string, string>>;
  readonly spec?: Node['spec'];
}

export function node(name: string, options: NodeOptions = {}): Node {
  const { labels = {}, cpu = '4', memory = '8Gi', pods = '110', extended = {}, spec = {} } = options;
  return {
    metadata: { ...live(name), labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu, memory, pods, ...extended } },
  };
}

export interface PodOptions extends Partial<PodSpec> {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
  readonly status?: Pod['status'];
}

export function pod(name: string, options: PodOptions = {}): Pod {
  const { namespace = 'default', labels = {}, requests, status, ...spec } = options;
  return {
    metadata: { ...live(name), namespace, labels },
    spec: {
      containers: [{ name: 'main', image: 'app:1', ...(requests === undefined ? {} : { resources: { requests } }) }],
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

export function snapshotOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): Snapshot {
  const snapshot = new Snapshot();
  for (const each of nodes) snapshot.setNode(each);
  for (const [each, on] of placed) snapshot.place(each, on);
  return snapshot;
}

export function world(snapshot: Snapshot, more: Partial<World> = {}): World {
  return {
    nodes: snapshot.nodes,
    node: (name) => snapshot.node(name),
    nodesWithAffinity: snapshot.nodesWithAffinity,
    podsMatching: (namespace, selector) => snapshot.podsMatching(namespace, selector),
    podsMatchingByTraits: (namespace, selector) => snapshot.podsMatchingByTraits(namespace, selector),
    nodesWithImage: (name) => snapshot.nodesWithImage(name),
    namespace: () => undefined,
    claim: () => undefined,
    volume: () => undefined,
    volumes: () => [],
    storageClass: () => undefined,
    csiDriver: () => undefined,
    csiNode: () => undefined,
    storageCapacities: () => [],
    attachments: () => [],
    selectorsOf: () => [],
    ...more,
  };
}

export function decideOn(
  target: Pod,
  nodes: readonly Node[],
  placed: readonly (readonly [Pod, string])[] = [],
  plugins?: readonly Plugin[],
): Decision {
  return decide(target, world(snapshotOf(nodes, placed)), plugins === undefined ? {} : { plugins });
}

function live(name: string): { name: string; uid: string; resourceVersion: string; creationTimestamp: string } {
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
}
