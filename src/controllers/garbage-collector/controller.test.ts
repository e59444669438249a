/** Owner references that point where they should not, as upstream's TestConflictingData and garbage_collector_test.go try them. */
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Node } from '../../api/core/node.ts';
import { Secret } from '../../api/core/secret.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { Simulation } from '../testing/simulation.ts';
import { garbageCollector } from './controller.ts';

const minute = 60_000;

let simulation: Simulation;
afterEach(() => simulation.stop());

function start(): void {
  simulation = new Simulation({
    controllers: (deps, events) => [garbageCollector(deps, events, [ConfigMap, Secret, ClusterRole, Node])],
  });
}

function put(kind: Kind, name: string, namespace: string | undefined, ...owners: OwnerReference[]): KubernetesObject {
  const metadata = {
    name,
    uid: `uid-${name}`,
    ...(namespace !== undefined && { namespace }),
    ...(owners.length > 0 && { ownerReferences: owners }),
  };
  return simulation.client.seed(kind as Kind<KubernetesObject>, { metadata });
}

const owner = (kind: Kind, name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  name,
  uid: `uid-${name}`,
  ...more,
});

const names = (kind: Kind): readonly string[] =>
  simulation.client.all(kind as Kind<KubernetesObject>).map(({ metadata }) => metadata.name);
const complaints = (): readonly string[] =>
  simulation.events.map(({ type, reason, about, message }) => `${type} ${reason} ${about}: ${message}`);

describe('an object of the whole cluster whose owner is of a kind that lives in namespaces', () => {
  it.each([
    ['that is not there', undefined],
    ['that is there', 'default'],
  ])('and names one %s is never collected, and told of', async (_case, namespace) => {
    start();
    if (namespace !== undefined) put(ConfigMap, 'parent', namespace);
    put(ClusterRole, 'child', undefined, owner(ConfigMap, 'parent'));
    await simulation.run(minute);
    expect(names(ClusterRole)).toEqual(['child']);
    expect(complaints()).toEqual([
      'Warning OwnerRefInvalidNamespace ClusterRole child: ' +
        'ownerRef [v1/ConfigMap, namespace: , name: parent, uid: uid-parent] does not exist in namespace ""',
    ]);
  });

  it('is not collected when the owner goes, either', async () => {
    start();
    put(ConfigMap, 'parent', 'default');
    put(ClusterRole, 'child', undefined, owner(ConfigMap, 'parent'));
    await simulation.run(minute);
    simulation.client.remove(ConfigMap, { namespace: 'default', name: 'parent' });
    await simulation.run(minute);
    expect(names(ClusterRole)).toEqual(['child']);
  });
});

describe('an object in a namespace', () => {
  it('whose owner lives in another one is collected, and told of; one that names it rightly stays', async () => {
    start();
    put(ConfigMap, 'parent', 'one');
    put(Secret, 'stranger', 'two', owner(ConfigMap, 'parent'));
    put(Secret, 'child', 'one', owner(ConfigMap, 'parent'));
    await simulation.run(minute);
    expect(names(Secret)).toEqual(['child']);
    expect(complaints()).toEqual([
      'Warning OwnerRefInvalidNamespace Secret two/stranger: ' +
        'ownerRef [v1/ConfigMap, namespace: two, name: parent, uid: uid-parent] does not exist in namespace "two"',
    ]);
  });

  it.each([
    ['name', { name: 'other' }],
    ['kind', { kind: 'Secret' }],
  ])('that has the uid of its owner and another %s is collected', async (_what, wrong) => {
    start();
    put(ConfigMap, 'parent', 'one');
    put(Secret, 'wrong', 'one', owner(ConfigMap, 'parent', wrong));
    put(Secret, 'child', 'one', owner(ConfigMap, 'parent'));
    await simulation.run(minute);
    expect(names(Secret)).toEqual(['child']);
  });

  it('stays while one of two owners is there, of the whole cluster or not', async () => {
    start();
    put(Node, 'machine', undefined);
    put(ConfigMap, 'child', 'one', owner(Node, 'machine'), owner(Secret, 'gone'));
    await simulation.run(minute);
    expect(names(ConfigMap)).toEqual(['child']);
    expect(simulation.client.all(ConfigMap)[0]?.metadata.ownerReferences).toEqual([owner(Node, 'machine')]);
    simulation.client.remove(Node, { name: 'machine' });
    await simulation.run(minute);
    expect(names(ConfigMap)).toEqual([]);
  });

  it('whose owner is of a kind that nobody serves stays', async () => {
    start();
    put(ConfigMap, 'child', 'one', { apiVersion: 'example.com/v1', kind: 'Gone', name: 'parent', uid: 'uid-parent' });
    await simulation.run(minute);
    expect(names(ConfigMap)).toEqual(['child']);
  });
});
