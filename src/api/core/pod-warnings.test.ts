/** Texts and paths are upstream's: pkg/api/pod/warnings.go, pkg/api/node/util.go, pkg/api/persistentvolume/util.go. */
import { describe, expect, test } from 'vitest';
import { CronJob } from '../batch/cron-job.ts';
import { Job } from '../batch/job.ts';
import { DaemonSet } from '../apps/daemon-set.ts';
import { Deployment } from '../apps/deployment.ts';
import { StatefulSet } from '../apps/stateful-set.ts';
import type { Kind, KubernetesObject } from '../kind.ts';
import { Ingress } from '../networking/ingress.ts';
import { made } from '../rules/fixture.ts';
import { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import { PersistentVolume } from './persistent-volume.ts';
import { Pod } from './pod.ts';
import { Service } from './service.ts';

const container = (changes: object = {}): object => ({ name: 'main', image: 'example', ...changes });
const pod = (spec: object, metadata: object = {}): object => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [container()], ...spec },
});

function warnings<T extends KubernetesObject>(kind: Kind<T>, object: object, old?: object): readonly string[] {
  const whole = (each: object): T => made(kind, each as Record<string, unknown>) as unknown as T;
  return kind.warnings?.(whole(object), old === undefined ? undefined : whole(old)) ?? [];
}

describe('warnings about a new pod', () => {
  test('there are none about an ordinary one', () => expect(warnings(Pod, pod({}))).toEqual([]));

  test.each<[string, object, string[]]>([
    [
      'labels of nodes that have a successor',
      pod({
        nodeSelector: { 'beta.kubernetes.io/os': 'linux', disk: 'ssd' },
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] },
              ],
            },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] } },
            ],
          },
        },
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
      [
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
        'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
        'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      'volumes whose plugin is gone',
      pod({
        volumes: [
          { name: 'g', glusterfs: { endpoints: 'e', path: 'p' } },
          { name: 's', storageos: { volumeName: 'v' } },
          { name: 'r', gitRepo: { repository: 'https://example.com/a.git' } },
        ],
      }),
      [
        'spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+',
        'spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+',
        'spec.volumes[2].gitRepo: deprecated in v1.11',
      ],
    ],
    [
      'annotations that do nothing any more',
      pod(
        {},
        {
          annotations: {
            'scheduler.alpha.kubernetes.io/critical-pod': '',
            'container.seccomp.security.alpha.kubernetes.io/main': 'runtime/default',
          },
        },
      ),
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
        'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/main]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    ],
    [
      'variables that are hidden, unless they are added to',
      pod({
        containers: [
          container({
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
              { name: 'PATH', value: '/bin' },
              { name: 'PATH', value: '$(PATH):/opt' },
            ],
          }),
        ],
      }),
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'ports that repeat or overlap',
      pod({
        initContainers: [container({ name: 'init', ports: [{ containerPort: 80 }] })],
        containers: [
          container({
            ports: [
              { name: 'again', containerPort: 80 },
              { name: 'host', containerPort: 80, hostPort: 8080 },
              { name: 'ip', containerPort: 81, hostIP: '10.0.0.1' },
            ],
          }),
        ],
      }),
      [
        'spec.containers[0].ports[0]: duplicate port definition with spec.initContainers[0].ports[0]',
        'spec.containers[0].ports[1]: overlapping port definition with spec.initContainers[0].ports[0]',
        'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: hostIP set without hostPort: {Name:ip HostPort:0 ContainerPort:81 Protocol:TCP HostIP:10.0.0.1}',
      ],
    ],
    [
      'fractions of bytes',
      pod({ containers: [container({ resources: { requests: { memory: '100m', cpu: '100m' } } })] }),
      ['spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'],
    ],
    [
      'what is there twice, or empty',
      pod({
        hostAliases: [
          { ip: '10.0.0.1', hostnames: ['a'] },
          { ip: '10.0.0.1', hostnames: ['b'] },
        ],
        imagePullSecrets: [{ name: 'x' }, { name: 'x' }, {}],
      }),
      [
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "x"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      'files that a token hides',
      pod({
        volumes: [
          {
            name: 'p',
            projected: {
              sources: [
                { serviceAccountToken: { path: 'token' } },
                { configMap: { name: 'c', items: [{ key: 'k', path: 'token' }] } },
              ],
            },
          },
        ],
      }),
      ['spec.volumes[0].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "token"'],
    ],
    [
      'affinity to no pod',
      pod({
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
      }),
      [
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      'a name that is no host name',
      pod({}, { name: 'a.b' }),
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      ],
    ],
  ])('%s', (_what, object, expected) => expect(warnings(Pod, object)).toEqual(expected));
});

describe('warnings about what makes pods', () => {
  const template = {
    metadata: { labels: { app: 'a' } },
    spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' }, containers: [container()] },
  };
  const selector = { matchLabels: { app: 'a' } };
  const about = (path: string): string =>
    `${path}.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`;
  const name =
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]';
  const owner = (spec: object, generation = 1): object => ({ metadata: { name: 'v1.2', generation }, spec });

  test('their name and their template', () => {
    expect(warnings(Deployment, owner({ selector, template }))).toEqual([name, about('spec.template')]);
    expect(warnings(Job, owner({ template }))).toEqual([name, about('spec.template')]);
    expect(warnings(CronJob, owner({ schedule: '* * * * *', jobTemplate: { spec: { template } } }))).toEqual([
      name,
      about('spec.jobTemplate.spec.template'),
    ]);
    expect(warnings(DaemonSet, owner({ selector, template }))).toEqual([about('spec.template')]);
  });

  test('once, unless the spec changes', () => {
    const first = owner({ selector, template });
    expect(warnings(Deployment, first, first)).toEqual([]);
    expect(warnings(Deployment, owner({ selector, template }, 2), first)).toEqual([about('spec.template')]);
  });

  test('claims of a StatefulSet', () => {
    const volumeClaimTemplates = [{ metadata: { name: 'c' }, spec: { resources: { requests: { storage: '1500m' } } } }];
    expect(
      warnings(StatefulSet, owner({ selector, template, volumeClaimTemplates, revisionHistoryLimit: -1 })),
    ).toEqual([
      about('spec.template'),
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ]);
  });
});

describe('warnings about other kinds', () => {
  const beta = 'volume.beta.kubernetes.io/storage-class';

  test('a claim', () =>
    expect(warnings(PersistentVolumeClaim, { metadata: { name: 'a', annotations: { [beta]: 'fast' } } })).toEqual([
      `metadata.annotations[${beta}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    ]));

  test('a volume', () =>
    expect(
      warnings(PersistentVolume, {
        metadata: { name: 'a' },
        spec: { persistentVolumeReclaimPolicy: 'Recycle', rbd: { monitors: ['a'], image: 'b' } },
      }),
    ).toEqual([
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ]));

  test('a Service', () => {
    const service = (spec: object): readonly string[] => warnings(Service, { metadata: { name: 'a' }, spec });
    expect(service({ clusterIP: 'None', externalIPs: ['10.0.0.1'], sessionAffinity: 'ClientIP' })).toEqual([
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ]);
    expect(service({ externalName: 'example.com', loadBalancerSourceRanges: ['10.0.0.1/8'] })).toEqual([
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ]);
  });

  test('an Ingress that names its class in the old way', () => {
    const annotations = { 'kubernetes.io/ingress.class': 'nginx' };
    const text = `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`;
    expect(warnings(Ingress, { metadata: { name: 'a', annotations } })).toEqual([text]);
    expect(warnings(Ingress, { metadata: { name: 'a', annotations }, spec: { ingressClassName: 'nginx' } })).toEqual(
      [],
    );
  });
});
