import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kinds } from '../catalogue.ts';
import type { Kind } from '../kind.ts';
import { made } from '../rules/fixture.ts';
import { retiredKinds } from '../retired-kinds.ts';

type Json = Record<string, unknown>;

function find(apiVersion: string, kind: string): Kind {
  const found = retiredKinds.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (found === undefined) throw new Error(`${apiVersion} ${kind} is not retired`);
  return found;
}

const stored = (kind: Kind, content: Json): Json =>
  kind.conversion?.toStorage(structuredClone(made(kind, content))) ?? {};
const served = (kind: Kind, content: Json): Json => kind.conversion?.fromStorage(content) ?? {};

describe('every retired kind', () => {
  test.each(retiredKinds.map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))('%s', (_, kind) => {
    const { conversion } = kind;
    expect(kind.shortNames).toEqual([]);
    expect(kind.categories).toEqual([]);
    expect(conversion?.warning).toMatch(/ is deprecated in v1\.\d+\+, unavailable in v1\.\d+\+/);
    const target = kinds.find(
      (each) =>
        each.group === conversion?.storage.group &&
        each.version === conversion.storage.version &&
        each.kind === kind.kind,
    );
    expect(target?.conversion).toBeUndefined();
    expect(target?.plural).toBe(kind.plural);
    expect(target?.scope).toBe(kind.scope);
  });

  /** Texts: apiserver pkg/endpoints/deprecation and the lifecycle marks of k8s.io/api. */
  test.each([
    [
      'extensions/v1beta1',
      'Ingress',
      'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
    ],
    [
      'batch/v1beta1',
      'CronJob',
      'batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob',
    ],
    [
      'node.k8s.io/v1beta1',
      'RuntimeClass',
      'node.k8s.io/v1beta1 RuntimeClass is deprecated in v1.22+, unavailable in v1.25+',
    ],
    [
      'networking.k8s.io/v1beta1',
      'IngressClass',
      'networking.k8s.io/v1beta1 IngressClass is deprecated in v1.19+, unavailable in v1.22+; use networking.k8s.io/v1 IngressClassList',
    ],
  ])('%s %s warns', (apiVersion, kind, text) => expect(find(apiVersion, kind).conversion?.warning).toBe(text));
});

describe('Ingress', () => {
  const kind = find('extensions/v1beta1', 'Ingress');

  test('serviceName and servicePort become a service', () => {
    const spec = {
      backend: { serviceName: 'all', servicePort: 80 },
      rules: [
        {
          host: 'a.example.com',
          http: { paths: [{ path: '/', backend: { serviceName: 'web', servicePort: 'http' } }] },
        },
      ],
    };
    expect(stored(kind, { spec })['spec']).toEqual({
      defaultBackend: { service: { name: 'all', port: { number: 80 } } },
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'ImplementationSpecific',
                backend: { service: { name: 'web', port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
    });
  });

  test('there and back nothing is lost', () => {
    const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'web'));
    const backend = fc.oneof(
      fc.record({ serviceName: fc.constantFrom('a', 'b'), servicePort: port }),
      fc.constant({ resource: { kind: 'Bucket', name: 'x' } }),
    );
    const path = fc.record({ path: fc.constant('/'), pathType: fc.constantFrom('Exact', 'Prefix'), backend });
    const rule = fc.record({ host: fc.constant('h.example.com'), http: fc.record({ paths: fc.array(path) }) });
    const spec = fc.record({ backend, rules: fc.array(rule) }, { requiredKeys: [] });
    fc.assert(
      fc.property(spec, (content) => {
        const whole = structuredClone(made(kind, { spec: content })) as Json;
        expect(served(kind, kind.conversion?.toStorage(structuredClone(whole)) ?? {})).toEqual(whole);
      }),
    );
  });
});

/** Defaults: kubernetes pkg/apis/extensions/v1beta1/defaults.go and pkg/apis/apps/v1beta1/defaults.go. */
describe('workloads', () => {
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
  };

  test('an extensions Deployment takes its selector and labels from the template', () => {
    const deployment = stored(find('extensions/v1beta1', 'Deployment'), { spec: { template } });
    expect(deployment['metadata']).toMatchObject({ labels: { app: 'web' } });
    expect(deployment['spec']).toMatchObject({
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
      progressDeadlineSeconds: 2_147_483_647,
      revisionHistoryLimit: 2_147_483_647,
    });
  });

  test('an apps/v1beta1 Deployment keeps two old revisions', () => {
    expect(stored(find('apps/v1beta1', 'Deployment'), { spec: { template } })['spec']).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 2,
    });
  });

  test('the oldest DaemonSets and StatefulSets update on delete', () => {
    expect(stored(find('extensions/v1beta1', 'DaemonSet'), { spec: { template } })['spec']).toMatchObject({
      updateStrategy: { type: 'OnDelete' },
    });
    expect(stored(find('apps/v1beta1', 'StatefulSet'), { spec: { template } })['spec']).toMatchObject({
      updateStrategy: { type: 'OnDelete' },
      podManagementPolicy: 'OrderedReady',
    });
  });

  test('what today has no field for is kept in an annotation', () => {
    const kind = find('extensions/v1beta1', 'DaemonSet');
    const kept = stored(kind, { spec: { template, templateGeneration: 3 } });
    expect(kept['metadata']).toMatchObject({ annotations: { 'deprecated.daemonset.template.generation': '3' } });
    expect(kept['spec']).not.toHaveProperty('templateGeneration');
    const back = served(kind, kept);
    expect(back['spec']).toMatchObject({ templateGeneration: 3 });
    expect(back['metadata']).not.toHaveProperty('annotations');
    const rollback = stored(find('apps/v1beta1', 'Deployment'), { spec: { template, rollbackTo: { revision: 2 } } });
    expect(rollback['metadata']).toMatchObject({ annotations: { 'deprecated.deployment.rollback.to': '2' } });
  });
});

/** Semantics: kubernetes pkg/apis/policy/v1beta1/conversion.go. */
test('an empty selector picks no pod in policy/v1beta1', () => {
  const kind = find('policy/v1beta1', 'PodDisruptionBudget');
  const none = stored(kind, { spec: { selector: {} } });
  expect(none['spec']).toMatchObject({
    selector: {
      matchExpressions: [{ key: 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match', operator: 'Exists' }],
    },
  });
  expect(served(kind, none)['spec']).toMatchObject({ selector: {} });
  const all = served(kind, { spec: { selector: {} } });
  expect(kind.conversion?.toStorage(all)).toEqual({ spec: { selector: {} } });
});

/** Semantics: kubernetes pkg/apis/discovery/v1beta1/conversion.go. */
test('node and zone are topology labels in discovery/v1beta1', () => {
  const kind = find('discovery.k8s.io/v1beta1', 'EndpointSlice');
  const topology = { 'kubernetes.io/hostname': 'n1', 'topology.kubernetes.io/zone': 'z', rack: '7' };
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1', topology }] };
  const kept = stored(kind, slice);
  expect(kept['endpoints']).toMatchObject([{ nodeName: 'n1', zone: 'z', deprecatedTopology: { rack: '7' } }]);
  expect(served(kind, kept)['endpoints']).toMatchObject([{ nodeName: 'n1', topology }]);
});

test('groups were called group', () => {
  const kind = find('authorization.k8s.io/v1beta1', 'SubjectAccessReview');
  const spec = { user: 'ann', group: ['ops'], nonResourceAttributes: { path: '/', verb: 'get' } };
  expect(stored(kind, { spec })['spec']).toMatchObject({ groups: ['ops'] });
});

/** Semantics: apiextensions-apiserver pkg/apis/apiextensions/v1beta1/defaults.go and conversion.go. */
describe('CustomResourceDefinition', () => {
  const kind = find('apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition');
  const schema = { openAPIV3Schema: { type: 'object' } };
  const old = {
    group: 'example.com',
    names: { plural: 'tabs', kind: 'Tab' },
    version: 'v1',
    validation: schema,
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: 'Spec', type: 'string', JSONPath: '.spec.x' }],
    preserveUnknownFields: false,
  };

  test('what stood at the top goes into each version', () => {
    expect(stored(kind, { spec: old })['spec']).toMatchObject({
      scope: 'Namespaced',
      conversion: { strategy: 'None' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema,
          subresources: { status: {} },
          additionalPrinterColumns: [{ jsonPath: '.spec.x' }],
        },
      ],
    });
  });

  test('and comes back', () => {
    const back = served(kind, stored(kind, { spec: old }))['spec'];
    expect(back).toMatchObject(old);
    expect(back).not.toHaveProperty('versions.0.schema');
  });
});

/** Defaults: kubernetes pkg/apis/admissionregistration/v1beta1/defaults.go. */
test('old webhooks let requests through when they fail', () => {
  const kind = find('admissionregistration.k8s.io/v1beta1', 'ValidatingWebhookConfiguration');
  expect(stored(kind, { webhooks: [{ name: 'a.b.c', clientConfig: { url: 'https://x' } }] })['webhooks']).toMatchObject(
    [
      {
        failurePolicy: 'Ignore',
        matchPolicy: 'Exact',
        sideEffects: 'Unknown',
        timeoutSeconds: 30,
        admissionReviewVersions: ['v1beta1'],
      },
    ],
  );
});

/** Semantics: kubernetes pkg/apis/autoscaling/v2beta1/conversion.go. */
test('metrics were flat in autoscaling/v2beta1', () => {
  const kind = find('autoscaling/v2beta1', 'HorizontalPodAutoscaler');
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } },
    { type: 'Pods', pods: { metricName: 'rate', targetAverageValue: '10' } },
    {
      type: 'External',
      external: { metricName: 'depth', metricSelector: { matchLabels: { q: 'a' } }, targetValue: '30' },
    },
    { type: 'Object', object: { target: { kind: 'Service', name: 'web' }, metricName: 'hits', targetValue: '5' } },
  ];
  const spec = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3, metrics };
  const kept = stored(kind, { spec });
  expect((kept['spec'] as Json)['metrics']).toEqual([
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    { type: 'Pods', pods: { metric: { name: 'rate' }, target: { type: 'AverageValue', averageValue: '10' } } },
    {
      type: 'External',
      external: {
        metric: { name: 'depth', selector: { matchLabels: { q: 'a' } } },
        target: { type: 'Value', value: '30' },
      },
    },
    {
      type: 'Object',
      object: {
        describedObject: { kind: 'Service', name: 'web' },
        metric: { name: 'hits' },
        target: { type: 'Value', value: '5' },
      },
    },
  ]);
  expect(served(kind, kept)['spec']).toMatchObject({ metrics });
  const behavior = { scaleDown: { selectPolicy: 'Disabled' } };
  const old = served(kind, { spec: { behavior } });
  expect(old).toEqual({
    metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/behavior': JSON.stringify(behavior) } },
    spec: {},
  });
  expect(kind.conversion?.toStorage(old)).toEqual({ metadata: {}, spec: { behavior } });
});

test('an old definition that keeps unknown fields says so in its schemas', () => {
  const kind = find('apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition');
  const validation = {
    openAPIV3Schema: { properties: { spec: { properties: { size: {} } }, tags: { items: { type: 'string' } } } },
  };
  const names = { plural: 'tabs', kind: 'Tab' };
  const { versions } = stored(kind, { spec: { group: 'example.com', names, version: 'v1', validation } })['spec'] as {
    versions: Json[];
  };
  const keep = { 'x-kubernetes-preserve-unknown-fields': true };
  expect(versions[0]?.['schema']).toEqual({
    openAPIV3Schema: {
      type: 'object',
      ...keep,
      properties: {
        spec: { type: 'object', properties: { size: keep } },
        tags: { type: 'array', items: { type: 'string' } },
      },
    },
  });
});
