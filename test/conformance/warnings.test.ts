/** What comes with an answer as `Warning:` headers, in the words of upstream v1.35. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, deployment, merge, pod, strategic, warningsOf, type Target } from './target.ts';

let api: Target;
let namespace: string;

beforeAll(async () => {
  api = connect();
  namespace = await api.namespace();
});
afterAll(() => api.close());

type Json = Readonly<Record<string, unknown>>;

/** Nothing is kept: warnings come with a dry run, too. */
async function warned(path: string, object: Json): Promise<readonly string[]> {
  const answer = await api.call('POST', `${path.replace('*', `namespaces/${namespace}`)}?dryRun=All`, object);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
  return warningsOf(answer);
}

const pods = '/api/v1/*/pods';
const withContainer = (content: Json): Json =>
  pod('p', { containers: [{ name: 'c', image: 'busybox:1', ...content }] });
const jobTemplate = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] } };
const oldClass = 'volume.beta.kubernetes.io/storage-class';

test.each<[string, string, string, Json, readonly string[]]>([
  ['nothing', 'kubernetes/pkg/api/pod/warnings.go', pods, pod('p'), []],
  [
    'a variable that hides another',
    'kubernetes/pkg/api/pod/warnings.go warningsForPodSpecAndMeta',
    pods,
    withContainer({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    }),
    ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    'a port that occurs twice',
    'kubernetes/pkg/api/pod/warnings.go warningsForPodSpecAndMeta',
    pods,
    withContainer({ ports: [{ containerPort: 80 }, { containerPort: 80, name: 'again' }] }),
    ['spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]'],
  ],
  [
    'fractions of bytes',
    'kubernetes/pkg/api/pod/warnings.go warningsForPodSpecAndMeta',
    pods,
    withContainer({ resources: { requests: { memory: '500m' } } }),
    ['spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer'],
  ],
  [
    'a label that has a successor',
    'kubernetes/pkg/api/node/util.go GetNodeLabelDeprecatedMessage',
    pods,
    pod('p', { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
    ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    'a volume that is no longer made',
    'kubernetes/pkg/api/pod/warnings.go warningsForPodSpecAndMeta',
    pods,
    pod('p', { volumes: [{ name: 'v', gitRepo: { repository: 'https://example.com/x' } }] }),
    ['spec.volumes[0].gitRepo: deprecated in v1.11'],
  ],
  [
    'a pod whose name is no hostname',
    'kubernetes/pkg/registry/core/pod/strategy.go WarningsOnCreate',
    pods,
    { ...pod('p'), metadata: { name: 'a.b' } },
    [
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ],
  ],
  [
    'a Deployment whose name is no hostname',
    'kubernetes/pkg/registry/apps/deployment/strategy.go WarningsOnCreate',
    '/apis/apps/v1/*/deployments',
    { ...deployment('d'), metadata: { name: 'a.b' } },
    [
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ],
  ],
  [
    'a history without end',
    'kubernetes/pkg/registry/apps/statefulset/strategy.go WarningsOnCreate',
    '/apis/apps/v1/*/statefulsets',
    {
      ...deployment('s'),
      kind: 'StatefulSet',
      spec: { ...(deployment('s')['spec'] as Json), revisionHistoryLimit: -1 },
    },
    ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'],
  ],
  [
    'more indexes than can be counted',
    'kubernetes/pkg/api/job/warnings.go WarningsForJobSpec',
    '/apis/batch/v1/*/jobs',
    {
      metadata: { name: 'j' },
      spec: {
        completionMode: 'Indexed',
        completions: 100_001,
        parallelism: 10_001,
        suspend: true,
        template: jobTemplate,
      },
    },
    [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ],
  ],
  [
    'what a headless Service does not use',
    'kubernetes/pkg/api/service/warnings.go GetWarningsForService',
    '/api/v1/*/services',
    { metadata: { name: 's' }, spec: { clusterIP: 'None', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] } },
    ['spec.SessionAffinity is ignored for headless services'],
  ],
  [
    'a claim by annotation',
    'kubernetes/pkg/api/persistentvolumeclaim/util.go GetWarningsForPersistentVolumeClaim',
    '/api/v1/*/persistentvolumeclaims',
    {
      metadata: { name: 'c', annotations: { [oldClass]: 'none' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    [`metadata.annotations[${oldClass}]: deprecated since v1.8; use "storageClassName" attribute instead`],
  ],
  [
    'a volume that is recycled',
    'kubernetes/pkg/api/persistentvolume/util.go GetWarningsForPersistentVolume',
    '/api/v1/persistentvolumes',
    {
      metadata: { name: 'conformance-recycled' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/a' },
        persistentVolumeReclaimPolicy: 'Recycle',
      },
    },
    [
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    ],
  ],
  [
    'a pair that is none',
    'kubernetes/pkg/registry/core/secret/strategy.go warningsForSecret; crypto/tls X509KeyPair',
    '/api/v1/*/secrets',
    { metadata: { name: 's' }, type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } },
    ['tls: failed to find any PEM data in certificate input'],
  ],
  [
    'an Ingress by annotation',
    'kubernetes/pkg/registry/networking/ingress/strategy.go WarningsOnCreate',
    '/apis/networking.k8s.io/v1/*/ingresses',
    {
      metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'a' } },
      spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } },
    },
    ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'],
  ],
  [
    'a format that nobody knows',
    'apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go WarningsOnCreate',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    {
      metadata: { name: 'things.conformance.example.com' },
      spec: {
        group: 'conformance.example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { a: { type: 'string', format: 'colour' } } } },
              },
            },
          },
        ],
      },
    },
    ['unrecognized format "colour"'],
  ],
])('%s (%s)', async (_what, _source, path, object, texts) => {
  // kubernetes/pkg WarningsOnCreate, as each row says
  expect(await warned(path, object)).toEqual(texts);
});

describe('again', () => {
  const text =
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead';
  let path: string;

  beforeAll(async () => {
    path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await api.call('POST', path, deployment('d'));
    const template = { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } };
    await api.call('PATCH', `${path}/d`, { spec: { template } }, strategic);
  });

  test('when the specification changes', async () => {
    const answer = await api.call('PATCH', `${path}/d`, { spec: { minReadySeconds: 1 } }, merge);
    // kubernetes/pkg/registry/apps/deployment/strategy.go WarningsOnUpdate
    expect(warningsOf(answer)).toEqual([text]);
  });

  test('not when something else does', async () => {
    const labels = await api.call('PATCH', `${path}/d`, { metadata: { labels: { a: 'b' } } }, merge);
    // kubernetes/pkg/registry/apps/deployment/strategy.go WarningsOnUpdate
    expect(warningsOf(labels)).toEqual([]);
    const status = await api.call('PATCH', `${path}/d/status`, { status: { observedGeneration: 1 } }, merge);
    // kubernetes/pkg/registry/apps/deployment/strategy.go deploymentStatusStrategy.WarningsOnUpdate
    expect(warningsOf(status)).toEqual([]);
  });
});

test('a pod is told of an AppArmor profile in the old form', async () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  // kubernetes/pkg/registry/core/pod/strategy.go applyAppArmorVersionSkew
  expect(await warned(pods, { ...pod('p'), metadata: { name: 'p', annotations: { [key]: 'unconfined' } } })).toEqual([
    `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
  ]);
});
