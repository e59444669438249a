/**
 * The roles that a cluster starts with, against what Kubernetes v1.35's grant: as sets of single rights, so that
 * neither the order of rules nor how they are cut matters.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Rule } from '../rules.ts';
import { componentRoles } from './component-roles.ts';
import { autoUpdate, bootstrapPolicy } from './policy.ts';

interface Facts {
  readonly aggregates?: string | undefined;
  readonly partOf?: string | undefined;
  readonly rights: readonly string[];
}

const aggregate = 'rbac.authorization.k8s.io/aggregate-to-';
const policy = bootstrapPolicy();
const upstream = readFacts(readFileSync(new URL('upstream-roles.txt', import.meta.url), 'utf8'));
const ownRoles = new Set([
  ...componentRoles.map(({ name }) => name),
  'kube-public/kubeadm:bootstrap-signer-clusterinfo',
  'kube-system/coracle:node-config',
]);

function readFacts(text: string): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  let rights: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('  ')) {
      rights.push(...rightsOfLine(line));
      continue;
    }
    const [name = '', ...labels] = line.split(' ');
    const label = (key: string): string | undefined =>
      labels.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1);
    rights = [];
    facts.set(name, { aggregates: label('aggregates'), partOf: label('aggregates-to'), rights });
  }
  return facts;
}

function rightsOfLine(line: string): readonly string[] {
  const [what = '', verbs = ''] = line.trim().split(' | ');
  const [left = '', right] = what.split(': ');
  if (right === undefined) return rightsOf({ verbs: verbs.split(' '), nonResourceURLs: left.split(' ') });
  const [resources = '', names] = right.split(' names ');
  return rightsOf({
    verbs: verbs.split(' '),
    apiGroups: left.split(' ').map((group) => (group === 'core' ? '' : group)),
    resources: resources.split(' '),
    ...(names === undefined ? {} : { resourceNames: names.split(' ') }),
  });
}

function rightsOf({ verbs, nonResourceURLs, apiGroups, resources, resourceNames }: Rule): readonly string[] {
  const targets =
    nonResourceURLs ??
    (apiGroups ?? []).flatMap((group) =>
      (resources ?? []).flatMap((resource) =>
        (resourceNames ?? ['']).map((name) => `${group === '' ? 'core' : group} ${resource} ${name}`.trim()),
      ),
    );
  return targets.flatMap((target) => verbs.map((verb) => `${verb} ${target}`));
}

const sorted = (rights: readonly string[]): readonly string[] => [...new Set(rights)].toSorted();

function ours(): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  const aggregateOf = (labels: object = {}): string | undefined =>
    Object.keys(labels).find((key) => key.startsWith(aggregate));
  for (const { metadata, rules, aggregationRule } of policy.clusterRoles) {
    const aggregates = aggregateOf(aggregationRule?.clusterRoleSelectors?.[0]?.matchLabels);
    const partOf = aggregateOf(metadata.labels);
    facts.set(metadata.name ?? '', {
      aggregates: aggregates?.slice(aggregate.length),
      partOf: partOf?.slice(aggregate.length),
      // Upstream leaves the sum to its controller; ours starts with it.
      rights: aggregates === undefined ? sorted((rules ?? []).flatMap(rightsOf)) : [],
    });
  }
  for (const { metadata, rules } of policy.roles) {
    facts.set(`${metadata.namespace}/${metadata.name}`, { rights: sorted((rules ?? []).flatMap(rightsOf)) });
  }
  return facts;
}

test('there are those of v1.35, and our own', () => {
  const names = [...ours().keys()].filter((name) => !ownRoles.has(name));
  expect(names.toSorted()).toEqual([...upstream.keys()].toSorted());
});

test.each([...upstream.keys()])('%s', (name) => {
  const wanted = upstream.get(name)!;
  const { rights, aggregates, partOf } = ours().get(name)!;
  expect({ rights, aggregates, partOf }).toEqual({ ...wanted, rights: sorted(wanted.rights) });
});

test('admin is the sum of what edit and view are', () => {
  const rights = (name: string): readonly string[] =>
    sorted(policy.clusterRoles.find(({ metadata }) => metadata.name === name)?.rules?.flatMap(rightsOf) ?? []);
  const part = (name: string): readonly string[] => upstream.get(`system:aggregate-to-${name}`)?.rights ?? [];
  expect(rights('view')).toEqual(sorted(part('view')));
  expect(rights('edit')).toEqual(sorted([...part('edit'), ...part('view')]));
  expect(rights('admin')).toEqual(sorted([...part('admin'), ...part('edit'), ...part('view')]));
});

test('each is marked, and renewed at every start', () => {
  const all = [...policy.clusterRoles, ...policy.clusterRoleBindings, ...policy.roles, ...policy.roleBindings];
  for (const { metadata } of all) {
    expect(metadata, metadata.name).toMatchObject({
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      annotations: { [autoUpdate]: 'true' },
    });
  }
});

/** Binding (in a namespace: NAMESPACE/BINDING): role and subjects. */
const bindings: Readonly<Record<string, string>> = {
  'cluster-admin': 'cluster-admin: Group system:masters',
  'system:basic-user': 'system:basic-user: Group system:authenticated',
  'system:discovery': 'system:discovery: Group system:authenticated',
  'system:kube-controller-manager': 'system:kube-controller-manager: User system:kube-controller-manager',
  'system:kube-dns': 'system:kube-dns: ServiceAccount kube-system/kube-dns',
  'system:kube-scheduler': 'system:kube-scheduler: User system:kube-scheduler',
  'system:monitoring': 'system:monitoring: Group system:monitoring',
  'system:node': 'system:node: ',
  'system:node-proxier': 'system:node-proxier: User system:kube-proxy',
  'system:public-info-viewer': 'system:public-info-viewer: Group system:authenticated, Group system:unauthenticated',
  'system:service-account-issuer-discovery': 'system:service-account-issuer-discovery: Group system:serviceaccounts',
  'system:volume-scheduler': 'system:volume-scheduler: User system:kube-scheduler',
  'kube-public/system:controller:bootstrap-signer':
    'system:controller:bootstrap-signer: ServiceAccount kube-system/bootstrap-signer',
  'kube-system/system::extension-apiserver-authentication-reader':
    'extension-apiserver-authentication-reader: User system:kube-controller-manager, User system:kube-scheduler',
  'kube-system/system::leader-locking-kube-controller-manager':
    'system::leader-locking-kube-controller-manager: User system:kube-controller-manager, ServiceAccount kube-system/kube-controller-manager, ServiceAccount kube-system/leader-election-controller',
  'kube-system/system::leader-locking-kube-scheduler':
    'system::leader-locking-kube-scheduler: User system:kube-scheduler, ServiceAccount kube-system/kube-scheduler',
  'kube-system/system:controller:bootstrap-signer':
    'system:controller:bootstrap-signer: ServiceAccount kube-system/bootstrap-signer',
  'kube-system/system:controller:cloud-provider':
    'system:controller:cloud-provider: ServiceAccount kube-system/cloud-provider',
  'kube-system/system:controller:token-cleaner':
    'system:controller:token-cleaner: ServiceAccount kube-system/token-cleaner',
  // One for each controller, of the role's name.
  ...Object.fromEntries(
    [...upstream.keys()]
      .filter((name) => name.startsWith('system:controller:'))
      .map((name) => [name, `${name}: ServiceAccount kube-system/${name.slice('system:controller:'.length)}`]),
  ),
};

test('who has them', () => {
  const all = [...policy.clusterRoleBindings, ...policy.roleBindings];
  const found = all.flatMap(({ metadata, roleRef, subjects }) => {
    const name = metadata.namespace === undefined ? (metadata.name ?? '') : `${metadata.namespace}/${metadata.name}`;
    const who = (subjects ?? []).map(
      (each) => `${each.kind} ${each.namespace === undefined ? '' : `${each.namespace}/`}${each.name}`,
    );
    return ownRoles.has(name) ? [] : [[name, `${roleRef.name}: ${who.join(', ')}`]];
  });
  expect(Object.fromEntries(found)).toEqual(bindings);
});
