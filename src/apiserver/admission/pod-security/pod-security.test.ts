/** Texts and versions: k8s.io/pod-security-admission policy/check_*.go and admission/admission.go. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Namespace } from '../../../api/core/namespace.ts';
import { Pod } from '../../../api/core/pod.ts';
import { podOf, refusalOf, startFixture, type Fixture } from '../testing/fixture.ts';
import { detailsText, violationsOf } from './evaluate.ts';
import { policyOf, textOf } from './level.ts';

type Spec = Parameters<typeof violationsOf>[2];

function said(level: 'baseline' | 'restricted', spec: object, minor = Infinity, annotations = {}): string {
  const whole = { containers: [{ name: 'a', image: 'i' }], ...spec } as unknown as Spec;
  return detailsText(violationsOf({ level, minor }, { annotations }, whole));
}

const container = (securityContext: object, more: object = {}): object => ({
  containers: [{ name: 'a', image: 'i', securityContext, ...more }],
});

test.each<[string, object, string]>([
  ['nothing', {}, ''],
  [
    'host namespaces',
    { hostNetwork: true, hostPID: true, hostIPC: true },
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  [
    'privileged',
    container({ privileged: true }),
    'privileged (container "a" must not set securityContext.privileged=true)',
  ],
  [
    'capabilities',
    container({ capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN', 'CHOWN'] } }),
    'non-default capabilities (container "a" must not include "NET_ADMIN", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'hostPath',
    {
      volumes: [
        { name: 'x', hostPath: { path: '/' } },
        { name: 'y', hostPath: { path: '/' } },
      ],
    },
    'hostPath volumes (volumes "x", "y")',
  ],
  [
    'host ports',
    container({}, { ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2 }] }),
    'hostPort (container "a" uses hostPort 80)',
  ],
  [
    'hosts of probes',
    container(
      {},
      {
        livenessProbe: { httpGet: { host: 'evil', port: 1 } },
        lifecycle: { preStop: { tcpSocket: { host: 'other', port: 1 } } },
      },
    ),
    'probe or lifecycle host (container "a" uses probe or lifecycle hosts "evil", "other")',
  ],
  [
    'proc mount',
    container({ procMount: 'Unmasked' }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'AppArmor',
    { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
    'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
  ],
  [
    'SELinux',
    { securityContext: { seLinuxOptions: { type: 'foo', user: 'u' } } },
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "foo"; user may not be set)',
  ],
  [
    'seccomp',
    {
      ...container({ seccompProfile: { type: 'Unconfined' } }),
      securityContext: { seccompProfile: { type: 'Unconfined' } },
    },
    'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  ['sysctls', { securityContext: { sysctls: [{ name: 'a' }, { name: 'b' }] } }, 'forbidden sysctls (a, b)'],
  [
    'Windows',
    container({ windowsOptions: { hostProcess: true } }),
    'hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)',
  ],
])('baseline: %s', (_what, spec, text) => {
  expect(said('baseline', spec)).toBe(text);
});

const tight = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
  runAsNonRoot: true,
};

test.each<[string, object, string]>([
  ['all that it asks for', container(tight), ''],
  [
    'a pod that says nothing',
    {},
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  ['root', container({ ...tight, runAsUser: 0 }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
  [
    'maybe root',
    container({ ...tight, runAsNonRoot: false }),
    'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
  ],
  [
    'a capability more',
    container({ ...tight, capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } }),
    'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
  ],
  [
    'volumes of the node',
    {
      ...container(tight),
      volumes: [
        { name: 'x', hostPath: { path: '/' } },
        { name: 'y', nfs: {} },
        { name: 'z', emptyDir: {} },
      ],
    },
    'restricted volume types (volumes "x", "y" use restricted volume types "hostPath", "nfs")',
  ],
])('restricted: %s', (_what, spec, text) => {
  expect(said('restricted', spec)).toBe(text);
});

test.each<[string, 'baseline' | 'restricted', object, readonly [before: number, from: number], boolean]>([
  ['escalation is looked at from 1.8', 'restricted', container({ runAsNonRoot: true }), [7, 8], false],
  ['probes from 1.34', 'baseline', container({}, { livenessProbe: { httpGet: { host: 'x' } } }), [33, 34], false],
  [
    'keepalive allowed from 1.29',
    'baseline',
    { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_fin_timeout' }] } },
    [28, 29],
    true,
  ],
  [
    'users of its own from 1.35',
    'baseline',
    { ...container({ procMount: 'Unmasked' }), hostUsers: false },
    [34, 35],
    true,
  ],
])('versions: %s', (_what, level, spec, [before, from], allowed) => {
  expect(said(level, spec, before) === '').toBe(!allowed);
  expect(said(level, spec, from) === '').toBe(allowed);
});

test('old versions read seccomp from annotations', () => {
  const annotations = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' };
  expect(said('baseline', {}, 18, annotations)).toBe(
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  );
  expect(said('baseline', {}, 19, annotations)).toBe('');
});

describe('labels', () => {
  const read = (labels: Record<string, string>): readonly string[] => {
    const full = Object.fromEntries(
      Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
    );
    const { policy } = policyOf(full);
    return [textOf(policy.enforce), textOf(policy.audit), textOf(policy.warn)];
  };

  test.each<[Record<string, string>, readonly string[]]>([
    [{}, ['privileged:latest', 'privileged:latest', 'privileged:latest']],
    [{ enforce: 'baseline', 'enforce-version': 'v1.30' }, ['baseline:v1.30', 'privileged:latest', 'baseline:v1.30']],
    [{ enforce: 'restricted', warn: 'baseline' }, ['restricted:latest', 'privileged:latest', 'baseline:latest']],
    [
      { enforce: 'wrong', audit: 'wrong', warn: 'wrong' },
      ['restricted:latest', 'privileged:latest', 'privileged:latest'],
    ],
  ])('%j', (labels, levels) => {
    expect(read(labels)).toEqual(levels);
  });
});

describe('in a cluster', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
  });
  const label = (labels: object): Promise<unknown> =>
    fixture.api.patch(Namespace, { name: 'a' }, { metadata: { labels } }, { type: 'merge' });

  test('pods that break the enforced level are refused', async () => {
    await label({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect(await refusalOf(fixture.api.create(Pod, podOf({ hostNetwork: true })))).toBe(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    );
    expect(await refusalOf(fixture.api.create(Pod, podOf()))).toBe('');
  });

  test('labels that cannot be read are refused', async () => {
    expect(await refusalOf(label({ 'pod-security.kubernetes.io/enforce-version': '1.30' }))).toBe(
      'Namespace "a" is invalid: metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: "1.30": must be "latest" or "v1.x"',
    );
  });
});
