/** Texts are upstream's: pkg/api/pod/warnings.go and its test, pkg/registry/core/pod/strategy.go. */
import { describe, expect, test } from 'vitest';
import { Deployment } from '../../apps/deployment.ts';
import { StatefulSet } from '../../apps/stateful-set.ts';
import { warnings } from '../../rules/fixture.ts';
import { Pod } from '../pod.ts';
import { container, pod, withContainer, type Json } from '../testing/pods.ts';

const about = (spec: Json, annotations: Json = {}): string[] =>
  warnings(Pod, { ...pod(spec), metadata: { name: 'it', namespace: 'default', annotations } });
const aboutContainer = (content: Json): string[] => warnings(Pod, withContainer(content));

test('a plain pod is told nothing', () => {
  expect(warnings(Pod, pod())).toEqual([]);
});

test('changes of a pod are told nothing', () => {
  const deprecated = pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } });
  expect(warnings(Pod, deprecated)).toHaveLength(1);
  expect(warnings(Pod, deprecated, pod())).toEqual([]);
});

test('a name that is no hostname', () => {
  expect(warnings(Pod, { ...pod(), metadata: { name: 'a.b' } })).toEqual([
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

describe('variables', () => {
  const env = (...items: Json[]): string[] => aboutContainer({ env: items });

  test('one that hides another', () => {
    expect(env({ name: 'A', value: '1' }, { name: 'A', value: '2' })).toEqual([
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ]);
  });

  test('one that adds to another is fine', () => {
    expect(env({ name: 'A', value: '1' }, { name: 'A', value: '$(A):2' })).toEqual([]);
  });

  test('one that only repeats another', () => {
    expect(env({ name: 'A', value: '1' }, { name: 'A', value: '$(A)' })).toHaveLength(1);
  });

  test('one that takes its value from elsewhere', () => {
    const valueFrom = { fieldRef: { fieldPath: 'metadata.name' } };
    expect(env({ name: 'A', value: '1' }, { name: 'A', valueFrom })).toHaveLength(1);
  });
});

describe('ports', () => {
  const ports = (...items: Json[]): string[] => aboutContainer({ ports: items });
  const at = (index: number): string => `spec.containers[0].ports[${index}]`;

  test('the same twice', () => {
    expect(ports({ containerPort: 80 }, { containerPort: 80 })).toEqual([
      `${at(1)}: duplicate port definition with ${at(0)}`,
    ]);
  });

  test('one of them on the host', () => {
    expect(ports({ containerPort: 80 }, { containerPort: 80, hostPort: 80 })).toEqual([
      `${at(1)}: overlapping port definition with ${at(0)}`,
    ]);
  });

  test('one of them on an address of the host', () => {
    const [host, bound] = [
      { containerPort: 80, hostPort: 80 },
      { containerPort: 80, hostPort: 80, hostIP: '1.2.3.4' },
    ];
    expect(ports(host, bound)).toEqual([`${at(1)}: dangerously ambiguous port definition with ${at(0)}`]);
  });

  test('other protocols and other ports of the host are none of its business', () => {
    expect(ports({ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' })).toEqual([]);
    expect(ports({ containerPort: 80, hostPort: 80 }, { containerPort: 80, hostPort: 81 })).toEqual([]);
  });

  test('an address without a port of the host', () => {
    expect(ports({ name: 'p', containerPort: 80, hostIP: '1.2.3.4' })).toEqual([
      `${at(0)}: hostIP set without hostPort: {Name:p HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}`,
    ]);
  });

  test('a name in two containers', () => {
    const one = container({ name: 'a', ports: [{ name: 'web', containerPort: 80 }] });
    const other = container({ name: 'b', ports: [{ name: 'web', containerPort: 81 }] });
    const other0 = 'spec.containers[1].ports[0]';
    expect(about({ containers: [one, other] })).toEqual([
      `${other0}: duplicate port name "web" with ${at(0)}, services and probes that select ports by name will use ${at(0)}`,
    ]);
  });
});

test('fractions of bytes', () => {
  const resources = {
    requests: { memory: '500m', cpu: '500m', 'ephemeral-storage': '1' },
    limits: { 'ephemeral-storage': '1500m' },
  };
  expect(aboutContainer({ resources })).toEqual([
    'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    'spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer',
  ]);
  expect(about({ overhead: { memory: '1m' } })).toEqual([
    'spec.overhead[memory]: fractional byte value "1m" is invalid, must be an integer',
  ]);
});

test.for<[string, Json, string[]]>([
  [
    'labels with a successor',
    { nodeSelector: { 'beta.kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' } },
    ['spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ],
  [
    'spreading over nothing, by a label with a successor',
    {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
    },
    [
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    'names and addresses that occur twice',
    {
      hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, { name: '' }],
    },
    [
      'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
    ],
  ],
  [
    'addresses in other forms',
    { dnsConfig: { nameservers: ['2001:db8:0::1'] } },
    [
      'spec.dnsConfig.nameservers[0]: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ],
  ],
  [
    'a grace period below nothing',
    { terminationGracePeriodSeconds: -1 },
    ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
  ],
  [
    'volumes that nothing serves',
    {
      volumes: [
        { name: 'a', gitRepo: { repository: 'x' } },
        { name: 'b', storageos: { volumeName: 'v' } },
      ],
    },
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11',
      'spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+',
    ],
  ],
])('%s', ([, spec, texts]) => {
  expect(about(spec)).toEqual(texts);
});

test('affinity to nothing, and wishes that no node can have', () => {
  const term = { topologyKey: 'kubernetes.io/hostname' };
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const expression = { key: 'beta.kubernetes.io/os', operator: 'In', values: ['-'] };
  const [first, second, third, ...rest] = about({
    affinity: {
      nodeAffinity: { [preferred]: [{ weight: 1, preference: { matchExpressions: [expression] } }] },
      podAffinity: { [required]: [term] },
      podAntiAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: term }] },
    },
  });
  const wish = `spec.affinity.nodeAffinity.${preferred}[0].preference.matchExpressions[0]`;
  expect(first).toBe(`${wish}.key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead`);
  expect(second).toMatch(`${wish}.values[0]: - is invalid, a valid label must be an empty string or consist of`);
  expect([third, ...rest]).toEqual([
    `spec.affinity.podAffinity.${required}[0].labelSelector: a null labelSelector results in matching no pod`,
    `spec.affinity.podAntiAffinity.${preferred}[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod`,
  ]);
});

test('annotations without function', () => {
  const seccomp = 'container.seccomp.security.alpha.kubernetes.io/';
  const { name } = container() as { name: string };
  expect(about({}, { 'scheduler.alpha.kubernetes.io/critical-pod': '', [`${seccomp}${name}`]: 'x' })).toEqual([
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
    `metadata.annotations[${seccomp}${name}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
  ]);
  const ofPod = { 'seccomp.security.alpha.kubernetes.io/pod': 'x' };
  expect(about({}, ofPod)).toHaveLength(1);
  expect(about({ securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }, ofPod)).toEqual([]);
});

describe('files of a volume', () => {
  const item = (path: string): Json => ({ key: 'k', path });
  const volume = (source: Json): string[] => about({ volumes: [{ name: 'v', ...source }] });

  test('at one path, or below another', () => {
    const items = [item('a'), item('b/c'), item('a'), item('b')];
    expect(volume({ configMap: { name: 'm', items } })).toEqual([
      'volume "v" (ConfigMap "m"): overlapping paths: "a" with "a"',
      'volume "v" (ConfigMap "m"): overlapping paths: "b" with "b/c"',
    ]);
  });

  test('with a common beginning are no trouble', () => {
    expect(volume({ secret: { secretName: 's', items: [item('a'), item('ab')] } })).toEqual([]);
  });

  test('from several sources', () => {
    const sources = [{ configMap: { name: 'm', items: [item('token')] } }, { serviceAccountToken: { path: 'token' } }];
    expect(volume({ projected: { sources } })).toEqual([
      'volume "v" (Projected): overlapping paths: "token" (ServiceAccountToken) with "token" (ConfigMap "m")',
    ]);
  });
});

describe('a template', () => {
  const selector = { matchLabels: { a: 'b' } };
  const spec = (content: Json = {}, annotations: Json = {}): Json => {
    const template = { metadata: { labels: { a: 'b' }, annotations }, ...pod(content) };
    return { selector, template };
  };
  const path = 'spec.template.spec.nodeSelector[beta.kubernetes.io/os]';
  const deprecated = { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } };
  const text = `${path}: deprecated since v1.14; use "kubernetes.io/os" instead`;

  test('is told of with its path', () => {
    expect(warnings(Deployment, { spec: spec(deprecated) })).toEqual([text]);
  });

  test('is told of again only when the spec has changed', () => {
    const at = (generation: number): Json => ({ metadata: { name: 'it', generation }, spec: spec(deprecated) });
    expect(warnings(Deployment, at(2), at(1))).toEqual([text]);
    expect(warnings(Deployment, at(2), at(2))).toEqual([]);
  });

  test('whose owner has a name that is no hostname', () => {
    const [about] = warnings(Deployment, { metadata: { name: 'a.b' }, spec: spec() });
    expect(about).toMatch(/^metadata\.name: this is used in Pod names and hostnames, which can result in/);
    expect(warnings(Deployment, { metadata: { name: 'a.b' }, spec: spec() }, { spec: spec() })).toEqual([]);
  });

  test('with an AppArmor profile in the old form', () => {
    const { name } = container() as { name: string };
    const key = `container.apparmor.security.beta.kubernetes.io/${name}`;
    expect(warnings(Deployment, { spec: spec({}, { [key]: 'unconfined' }) })).toEqual([
      `spec.template.metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
    ]);
    const securityContext = { appArmorProfile: { type: 'Unconfined' } };
    expect(warnings(Deployment, { spec: spec({ securityContext }, { [key]: 'unconfined' }) })).toEqual([]);
  });

  test('of a StatefulSet, with claims of fractions and a history without end', () => {
    const claim = { metadata: { name: 'c' }, spec: { resources: { requests: { storage: '1m' } } } };
    const set = { ...spec(), serviceName: 's', volumeClaimTemplates: [claim], revisionHistoryLimit: -1 };
    expect(warnings(StatefulSet, { spec: set })).toEqual([
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ]);
  });
});
