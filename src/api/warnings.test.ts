/**
 * What kinds warn of, beside pods (core/warnings/pod-warnings.test.ts). Sources: upstream's pkg/api/service/warnings.go,
 * pkg/api/{persistentvolume,persistentvolumeclaim,node,job,storage}, and WarningsOnCreate and WarningsOnUpdate of
 * pkg/registry/*\/strategy.go, each named at its table.
 */
import { describe, expect, test } from 'vitest';
import { CustomResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { kindOfObject } from './catalogue.ts';
import { CronJob } from './batch/cron-job.ts';
import { Job } from './batch/job.ts';
import { Endpoints } from './core/endpoints.ts';
import { Node } from './core/node.ts';
import { PersistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { PersistentVolume } from './core/persistent-volume.ts';
import { Pod } from './core/pod.ts';
import { ServiceAccount } from './core/service-account.ts';
import { Service } from './core/service.ts';
import { EndpointSlice } from './discovery/endpoint-slice.ts';
import { Ingress } from './networking/ingress.ts';
import { made, warnings } from './rules/fixture.ts';
import { CSIStorageCapacity } from './storage/csi-storage-capacity.ts';
import { StorageClass } from './storage/storage-class.ts';
import type { Kind } from './kind.ts';

type Json = Readonly<Record<string, unknown>>;

const named = (annotations: Json, content: Json = {}): Json => ({ metadata: { name: 'it', annotations }, ...content });
const ingressClass = { 'kubernetes.io/ingress.class': 'nginx' };
const oldArch = 'deprecated since v1.14; use "kubernetes.io/arch" instead';
const storageClass = 'volume.beta.kubernetes.io/storage-class';

test.for<[string, Kind, Json, string[]]>([
  // pkg/api/service/warnings.go, GetWarningsForService
  [
    'a headless Service',
    Service,
    {
      spec: { clusterIP: 'None', loadBalancerIP: '1.2.3.4', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP' },
    },
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
  ],
  [
    'a Service with names and addresses that are not used',
    Service,
    { spec: { externalName: 'a.example', trafficDistribution: 'PreferClose' } },
    [
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ],
  [
    'a Service that is a name',
    Service,
    { spec: { type: 'ExternalName', externalName: 'a.example', externalIPs: ['1.2.3.4'] } },
    ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  ],
  [
    'a Service with the old hint',
    Service,
    named({ 'service.kubernetes.io/topology-aware-hints': 'auto' }, { spec: {} }),
    [
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    ],
  ],
  [
    'addresses of a Service in other forms',
    Service,
    { spec: { clusterIP: '2001:db8:0::1', clusterIPs: ['2001:db8:0::1'], loadBalancerSourceRanges: ['10.0.0.1/8'] } },
    [
      'spec.clusterIPs[0]: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ],
  ],
  // pkg/api/persistentvolume/util.go, GetWarningsForPersistentVolume
  [
    'a PersistentVolume of old',
    PersistentVolume,
    named(
      { [storageClass]: 'a', 'volume.beta.kubernetes.io/mount-options': 'ro' },
      {
        spec: {
          persistentVolumeReclaimPolicy: 'Recycle',
          cephfs: { monitors: ['a'] },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['amd64'] }] },
              ],
            },
          },
        },
      },
    ),
    [
      `metadata.annotations[${storageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is ${oldArch}`,
      'spec.cephfs: deprecated in v1.28, non-functional in v1.31+',
    ],
  ],
  // pkg/api/persistentvolumeclaim/util.go, GetWarningsForPersistentVolumeClaim
  [
    'a claim of old, for a fraction',
    PersistentVolumeClaim,
    named({ [storageClass]: 'a' }, { spec: { resources: { requests: { storage: '500m' } } } }),
    [
      `metadata.annotations[${storageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      'spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
    ],
  ],
  // pkg/registry/core/node/strategy.go, nodeWarnings
  [
    'a Node',
    Node,
    { spec: { configSource: {}, externalID: 'x', podCIDRs: ['10.0.0.8/24'] } },
    [
      'spec.configSource: the feature is removed',
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: CIDR value "10.0.0.8/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.8/32"?)',
    ],
  ],
  // pkg/registry/core/endpoint/strategy.go, endpointsWarnings
  [
    'Endpoints',
    Endpoints,
    { subsets: [{ addresses: [{ ip: '1.2.3.04' }], notReadyAddresses: [{ ip: '1.2.3.5' }] }] },
    [
      'subsets[0].addresses[0].ip: non-standard IP address "1.2.3.04" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
    ],
  ],
  // pkg/api/storage/util.go
  [
    'a StorageClass',
    StorageClass,
    {
      provisioner: 'a/b',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/arch', values: ['a'] }] }],
    },
    [`allowedTopologies[0].matchLabelExpressions[0].key: ${oldArch}`],
  ],
  [
    'a CSIStorageCapacity',
    CSIStorageCapacity,
    {
      storageClassName: 'a',
      nodeTopology: {
        matchLabels: { 'beta.kubernetes.io/arch': 'a' },
        matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }],
      },
    },
    [
      `nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is ${oldArch}`,
      `nodeTopology.matchLabels.beta.kubernetes.io/arch: ${oldArch}`,
    ],
  ],
  // pkg/api/node/util.go, GetWarningsForRuntimeClass: without the key in the path
  [
    'a RuntimeClass',
    kindOfObject('node.k8s.io/v1', 'RuntimeClass') as Kind,
    { handler: 'a', scheduling: { nodeSelector: { 'beta.kubernetes.io/arch': 'a' } } },
    [`scheduling.nodeSelector: ${oldArch}`],
  ],
  // pkg/registry/networking/ingress/strategy.go, WarningsOnCreate
  [
    'an Ingress',
    Ingress,
    named(ingressClass, { spec: {} }),
    ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'],
  ],
  ['an Ingress that says both', Ingress, named(ingressClass, { spec: { ingressClassName: 'nginx' } }), []],
])('%s', ([, kind, content, texts]) => {
  expect(warnings(kind, content)).toEqual(texts);
});

test('an Ingress is told once', () => {
  expect(warnings(Ingress, named(ingressClass, { spec: {} }), named(ingressClass, { spec: {} }))).toEqual([]);
});

test('endpoints that our own controllers write are not looked at', () => {
  const address = '2001:db8:0::1';
  const slice = (manager: string): Json => ({
    metadata: { name: 'it', labels: { 'endpointslice.kubernetes.io/managed-by': manager } },
    addressType: 'IPv6',
    endpoints: [{ addresses: [address] }],
  });
  expect(warnings(EndpointSlice, slice('somebody'))).toHaveLength(1);
  expect(warnings(EndpointSlice, slice('endpointslice-controller.k8s.io'))).toEqual([]);
  const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  const own = { metadata: { name: 'it', labels }, subsets: [{ addresses: [{ ip: address }] }] };
  expect(warnings(Endpoints, own)).toEqual([]);
});

// pkg/registry/core/{pod,service}/strategy.go, WarningsOnUpdate of their status strategies
test('addresses in a status', () => {
  const [address, text] = ['2001:db8:0::1', 'should be in RFC 5952 canonical format ("2001:db8::1")'];
  const pod = made(Pod, {
    spec: { containers: [] },
    status: { podIPs: [{ ip: address }], hostIPs: [{ ip: address }] },
  });
  expect(Pod.statusWarnings?.(pod as unknown as Pod)).toEqual([
    `status.podIPs[0].ip: IPv6 address "${address}" ${text}`,
    `status.hostIPs[0].ip: IPv6 address "${address}" ${text}`,
  ]);
  const service = made(Service, { spec: {}, status: { loadBalancer: { ingress: [{ ip: address }] } } });
  expect(Service.statusWarnings?.(service as unknown as Service)).toEqual([
    `status.loadBalancer.ingress[0]: IPv6 address "${address}" ${text}`,
  ]);
});

// pkg/registry/core/serviceaccount/strategy.go
describe('a ServiceAccount', () => {
  const annotated = named({ 'kubernetes.io/enforce-mountable-secrets': 'true' });

  test('is told once that mountable secrets are deprecated', () => {
    expect(warnings(ServiceAccount, annotated)).toEqual([
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ]);
    expect(warnings(ServiceAccount, annotated, named({}))).toHaveLength(1);
    expect(warnings(ServiceAccount, annotated, annotated)).toEqual([]);
  });

  test('keeps only the names of its secrets', () => {
    const draft = { secrets: [{ kind: 'Secret', namespace: 'elsewhere', name: 'a' }] };
    ServiceAccount.prepareCreate?.(draft, () => undefined);
    expect(draft).toEqual({ secrets: [{ name: 'a' }] });
  });
});

// pkg/api/job/warnings.go, pkg/registry/batch/cronjob/strategy.go
describe('jobs', () => {
  const template = { spec: { containers: [], nodeSelector: { 'beta.kubernetes.io/arch': 'a' } } };
  const path = 'template.spec.nodeSelector[beta.kubernetes.io/arch]';

  test('their templates', () => {
    expect(warnings(Job, { spec: { template } })).toEqual([`spec.${path}: ${oldArch}`]);
    const spec = { schedule: '* * * * *', jobTemplate: { spec: { template } } };
    expect(warnings(CronJob, { spec })).toEqual([`spec.jobTemplate.spec.${path}: ${oldArch}`]);
  });

  test('more indexes than can be counted', () => {
    const spec = { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template: { spec: {} } };
    expect(warnings(Job, { spec })).toEqual([
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ]);
    expect(warnings(Job, { spec: { ...spec, parallelism: 10_000 } })).toEqual([]);
  });

  test('a time zone in a schedule that was there before', () => {
    const cronJob = { spec: { schedule: 'TZ=UTC * * * * *', jobTemplate: { spec: { template: { spec: {} } } } } };
    expect(warnings(CronJob, cronJob, cronJob)).toEqual([
      'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    ]);
  });
});

// apiextensions-apiserver pkg/registry/customresourcedefinition/strategy.go
describe('formats of a CustomResourceDefinition', () => {
  const definition = (...formats: string[]): Json => {
    const properties = Object.fromEntries(formats.map((format) => [format, { type: 'string', format }]));
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } };
    return { spec: { group: 'a.b', scope: 'Namespaced', names: {}, versions: [{ name: 'v1', schema }] } };
  };

  test('that nobody knows', () => {
    expect(warnings(CustomResourceDefinition, definition('date-time', 'k8s-short-name', 'colour'))).toEqual([
      'unrecognized format "colour"',
    ]);
  });

  test('are told of when they are new', () => {
    const [old, young] = [definition('colour'), definition('colour', 'shape')];
    expect(warnings(CustomResourceDefinition, young, old)).toEqual(['unrecognized format "shape"']);
  });
});
