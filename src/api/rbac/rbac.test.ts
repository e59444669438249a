import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { ClusterRoleBinding } from './cluster-role-binding.ts';
import { ClusterRole } from './cluster-role.ts';
import { RoleBinding } from './role-binding.ts';
import { Role } from './role.ts';

/** Texts: kubernetes pkg/apis/rbac/validation/validation.go. */
describe('roles', () => {
  test.each<[object, string[]]>([
    [
      { resources: ['pods'], apiGroups: [''] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      { verbs: ['get'] },
      [
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      { verbs: ['get'], nonResourceURLs: ['/healthz'], resources: ['pods'] },
      [
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
    ],
  ])('%j is refused', (rule, expected) => expect(complaints(Role, { rules: [rule] })).toEqual(expected));

  test('cluster roles may name paths, and must say what they aggregate', () => {
    expect(complaints(ClusterRole, { rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] })).toEqual([]);
    expect(complaints(ClusterRole, { aggregationRule: {} })).toEqual([
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
  });
});

describe('bindings', () => {
  const roleRef = { kind: 'ClusterRole', name: 'view' };

  /** Defaults: pkg/apis/rbac/v1/defaults.go. */
  test('groups are filled in from the kind', () => {
    const subjects = [
      { kind: 'User', name: 'ann' },
      { kind: 'Group', name: 'ops' },
      { kind: 'ServiceAccount', name: 'bot', namespace: 'x' },
    ];
    const binding = made(RoleBinding, { roleRef, subjects });
    expect(binding['roleRef']).toMatchObject({ apiGroup: 'rbac.authorization.k8s.io' });
    expect((binding['subjects'] as { apiGroup?: string }[]).map(({ apiGroup }) => apiGroup)).toEqual([
      'rbac.authorization.k8s.io',
      'rbac.authorization.k8s.io',
      undefined,
    ]);
    expect(complaints(RoleBinding, { roleRef, subjects })).toEqual([]);
  });

  test.each<[object, string[]]>([
    [
      { roleRef: { kind: 'Role', name: 'r' } },
      ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    ],
    [{ roleRef, subjects: [{ kind: 'ServiceAccount', name: 'bot' }] }, ['subjects[0].namespace: Required value']],
    [
      { roleRef, subjects: [{ kind: 'Robot', name: 'r' }] },
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ],
    [
      { roleRef, subjects: [{ kind: 'User' }] },
      ['subjects[0].name: Required value', 'subjects[0].name: Invalid value: "": user name cannot be empty'],
    ],
  ])('%j is refused', (content, expected) =>
    expect(complaints(ClusterRoleBinding, content as Record<string, unknown>)).toEqual(expected),
  );

  test('the role never changes', () => {
    expect(updateComplaints(RoleBinding, { roleRef }, { roleRef: { ...roleRef, name: 'edit' } })).toEqual([
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef',
    ]);
  });

  test('the table', () => {
    const subjects = [
      { kind: 'User', name: 'ann' },
      { kind: 'User', name: 'bob' },
      { kind: 'ServiceAccount', name: 'bot', namespace: 'x' },
    ];
    expect(cells(RoleBinding, { roleRef, subjects })).toEqual({
      Name: 'it',
      Role: 'ClusterRole/view',
      Age: '60m',
      '+Users': 'ann, bob',
      '+Groups': '',
      '+ServiceAccounts': 'x/bot',
    });
  });
});
