/**
 * Requests and answers beside the verbs: media types, field validation, discovery, OpenAPI, health, limits,
 * retired versions. Sources: docs "Kubernetes API Concepts" (alternate representations, validation for unrecognized
 * fields), "API Discovery", "Kubernetes API health endpoints", "Deprecated API Migration Guide"; apiserver
 * pkg/endpoints/handlers/{negotiation,responsewriters}, pkg/server/healthz.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, connect, deployment, eventually, merge, pod, statusOf, warningsOf, type Target } from './target.ts';

let api: Target;
let maps: string;
let pods: string;
let namespace: string;

beforeAll(async () => {
  api = connect();
  namespace = await api.namespace();
  maps = `/api/v1/namespaces/${namespace}/configmaps`;
  pods = `/api/v1/namespaces/${namespace}/pods`;
  await api.call('POST', maps, configMap('m', { a: '1' }));
});
afterAll(() => api.close());

const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const metadata = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
const metadataList = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
const protobuf = 'application/vnd.kubernetes.protobuf';

describe('answers', () => {
  test('as a Table', async () => {
    const { json, headers } = await api.call('GET', `${maps}/m`, undefined, table);
    // docs: Kubernetes API Concepts, Receiving resources as Tables
    expect(headers['content-type']).toContain('application/json');
    expect(json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    // kubernetes/pkg/printers/internalversion/printers.go AddHandlers
    expect(json.columnDefinitions[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name', priority: 0 });
    // apiserver/pkg/endpoints/handlers/response.go asTable
    expect(json.rows).toHaveLength(1);
    expect(json.rows[0].cells.slice(0, 2)).toEqual(['m', 1]);
    expect(json.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
    const none = await api.call('GET', `${maps}?includeObject=None`, undefined, table);
    expect(none.json.rows[0].object ?? null).toBeNull();
    const whole = await api.call('GET', `${maps}/m?includeObject=Object`, undefined, table);
    expect(whole.json.rows[0].object).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
  });

  test('as metadata only', async () => {
    const { json } = await api.call('GET', `${maps}/m`, undefined, metadata);
    // apiserver/pkg/endpoints/handlers/response.go asPartialObjectMetadata
    expect(json).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'm' },
    });
    expect(json).not.toHaveProperty('data');
    const list = await api.call('GET', maps, undefined, metadataList);
    // apiserver/pkg/endpoints/handlers/response.go asPartialObjectMetadataList
    expect(list.json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
  });

  test('as YAML and protobuf', async () => {
    const yaml = await api.call('GET', `${maps}/m`, undefined, { accept: 'application/yaml' });
    // docs: Kubernetes API Concepts, Alternate representations of resources
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(yaml.text).toContain('kind: ConfigMap\n');
    const binary = await api.call('GET', `${maps}/m`, undefined, { accept: protobuf });
    // docs: Kubernetes API Concepts, Kubernetes Protobuf encoding
    expect(binary.headers['content-type']).toBe(protobuf);
    expect(binary.bytes.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    expect(binary.bytes.includes('ConfigMap')).toBe(true);
  });

  test('the first type that can be made is taken; if there is none, 406', async () => {
    const both = await api.call('GET', `${maps}/m`, undefined, { accept: 'application/xml, application/json' });
    // apiserver/pkg/endpoints/handlers/negotiation/negotiate.go NegotiateMediaTypeOptions
    expect(both.status).toBe(200);
    const none = await api.call('GET', `${maps}/m`, undefined, { accept: 'application/xml' });
    // apiserver/pkg/endpoints/handlers/negotiation/errors.go NewNotAcceptableError
    expect(statusOf(none)).toMatchObject({ status: 'Failure', code: 406, reason: 'NotAcceptable' });
    expect(none.json.message).toMatch(
      /^only the following media types are accepted: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf/,
    );
  });

  test('compressed when they are large and that is accepted', async () => {
    await api.call('POST', maps, configMap('large', { text: 'x'.repeat(200_000) }));
    const answer = await api.call('GET', `${maps}/large`, undefined, { 'accept-encoding': 'gzip' });
    // apiserver/pkg/endpoints/handlers/responsewriters/writers.go SerializeObject
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.bytes.length).toBeLessThan(20_000);
  });
});

describe('bodies', () => {
  test('in YAML, and back in protobuf', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: "1"}\n';
    // docs: Kubernetes API Concepts, Alternate representations of resources
    expect((await api.call('POST', maps, yaml, { 'content-type': 'application/yaml' })).status).toBe(201);
    const { bytes } = await api.call('GET', `${maps}/yaml`, undefined, { accept: protobuf });
    const put = await api.call('PUT', `${maps}/yaml`, bytes, { 'content-type': protobuf });
    expect(put.status).toBe(200);
    expect(put.json.data).toEqual({ a: '1' });
  });

  test('in a format that nobody reads', async () => {
    const answer = await api.call('POST', maps, 'x', { 'content-type': 'text/plain' });
    // apiserver/pkg/endpoints/handlers/negotiation/errors.go NewUnsupportedMediaTypeError
    expect(answer.json).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
    expect(answer.json.message).toMatch(
      /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf/,
    );
  });

  test('that are no JSON', async () => {
    const { json } = await api.call('POST', maps, '{"kind"');
    // apiserver/pkg/endpoints/handlers/rest.go transformDecodeError
    expect(json).toMatchObject({ code: 400, reason: 'BadRequest' });
    // apimachinery/pkg/runtime/serializer/json/meta.go Interpret
    expect(json.message).toMatch(
      /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error: /,
    );
  });

  test('with a value of the wrong type', async () => {
    const { json } = await api.call('POST', pods, pod('typed', { terminationGracePeriodSeconds: 'soon' }));
    // apiserver/pkg/endpoints/handlers/rest.go transformDecodeError
    expect(json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field ' +
        'PodSpec.spec.terminationGracePeriodSeconds of type int64',
    });
  });

  test('beyond 3 MiB', async () => {
    const { json } = await api.call('POST', maps, configMap('huge', { a: 'x'.repeat(3 * 1024 * 1024) }));
    // apiserver/pkg/endpoints/handlers/rest.go limitedReadBodyWithRecordMetric
    expect(json).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
  });

  test('data beyond 1 MiB', async () => {
    const { json } = await api.call('POST', maps, configMap('big', { a: 'x'.repeat(1024 * 1024 + 1) }));
    // kubernetes/pkg/apis/core/validation/validation.go ValidateConfigMap
    expect(json.message).toBe('ConfigMap "big" is invalid: []: Too long: may not be more than 1048576 bytes');
  });
});

describe('field validation', () => {
  const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"fv"},"data":{"a":"1","a":"2"},"nothing":1}';

  test('Strict refuses', async () => {
    const { json } = await api.call('POST', `${maps}?fieldValidation=Strict&dryRun=All`, body);
    // apimachinery/pkg/runtime/error.go NewStrictDecodingError
    expect(json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ' +
        'duplicate field "data.a", unknown field "nothing"',
    });
  });

  test('Warn warns, and is the default', async () => {
    const answer = await api.call('POST', `${maps}?dryRun=All`, body);
    // docs: Kubernetes API Concepts, Field validation
    expect(answer.status).toBe(201);
    // apiserver/pkg/endpoints/handlers/create.go createHandler
    expect(warningsOf(answer)).toEqual(['duplicate field "data.a"', 'unknown field "nothing"']);
    // docs: Kubernetes API Concepts, Field validation
    expect(answer.json.data).toEqual({ a: '2' });
  });

  test('Ignore says nothing', async () => {
    const answer = await api.call('POST', `${maps}?fieldValidation=Ignore&dryRun=All`, body);
    // docs: Kubernetes API Concepts, Field validation
    expect(answer.status).toBe(201);
    expect(warningsOf(answer)).toEqual([]);
  });

  test('there is no fourth', async () => {
    const { json } = await api.call('POST', `${maps}?fieldValidation=Maybe`, body);
    // apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateFieldValidation
    expect(json.message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
    );
  });
});

describe('paths', () => {
  test('that lead nowhere', async () => {
    const answer = await api.call('GET', '/api/v1/nosuch');
    // apiserver/pkg/server/mux/pathrecorder.go ServeHTTP
    expect(answer.status).toBe(404);
    expect((await api.call('GET', `${pods}/a/nosuch`)).status).toBe(404);
    expect((await api.call('GET', '/apis/nosuch.example.com/v1/things')).status).toBe(404);
  });

  test('with a verb that they don’t have', async () => {
    const answer = await api.call('POST', `${maps}/m`, {});
    // apimachinery/pkg/api/errors/errors.go NewGenericServerResponse
    expect(answer.json).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
    });
  });

  test('subresources that a kind doesn’t have', async () => {
    // apiserver/pkg/endpoints/installer.go registerResourceHandlers
    expect((await api.call('GET', `${maps}/m/status`)).status).toBe(404);
  });
});

describe('subresources', () => {
  const deployments = (): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;

  test('scale reads and writes replicas', async () => {
    await api.call('POST', deployments(), deployment('s'));
    const { json } = await api.call('GET', `${deployments()}/s/scale`);
    // kubernetes/pkg/registry/apps/deployment/storage/storage.go ScaleREST.Get
    expect(json).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 's', namespace },
      spec: {},
      status: { selector: 'app=s' },
    });
    const negative = await api.call('PATCH', `${deployments()}/s/scale`, { spec: { replicas: -1 } }, merge);
    // kubernetes/pkg/apis/autoscaling/validation/validation.go ValidateScale
    expect(negative.json.message).toBe(
      'Scale.autoscaling "s" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  test('binding puts a pod on a node, once', async () => {
    await api.call('POST', pods, pod('b'));
    const binding = { metadata: { name: 'b' }, target: { kind: 'Node', name: 'no-such-node' } };
    const bound = await api.call('POST', `${pods}/b/binding`, binding);
    // kubernetes/pkg/registry/core/pod/storage/storage.go BindingREST.Create
    expect(bound.status).toBe(201);
    expect(statusOf(bound)).toMatchObject({ status: 'Success', code: 201 });
    const again = await api.call('POST', `${pods}/b/binding`, binding);
    // kubernetes/pkg/registry/core/pod/storage/storage.go BindingREST.setPodNodeAndMetadata
    expect(again.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "b": pod b is already assigned to node "no-such-node"',
    });
  });

  test('a token of a service account', async () => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`;
    const { status, json } = await api.call('POST', path, { spec: { expirationSeconds: 600 } });
    // kubernetes/pkg/registry/core/serviceaccount/storage/token.go TokenREST.Create
    expect(status).toBe(201);
    expect(json.status.token.split('.')).toHaveLength(3);
    const brief = await api.call('POST', path, { spec: { expirationSeconds: 5 } });
    // kubernetes/pkg/apis/authentication/validation/validation.go ValidateTokenRequest
    expect(brief.json.message).toContain(
      'spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    );
  });

  test('status is apart from the rest', async () => {
    await api.call('POST', pods, { ...pod('st'), status: { phase: 'Failed' } });
    // kubernetes/pkg/registry/core/pod/strategy.go PrepareForCreate
    expect((await api.call('GET', `${pods}/st`)).json.status.phase).toBe('Pending');
    const changed = { metadata: { labels: { a: 'b' } }, status: { message: 'hi' } };
    const { json } = await api.call('PATCH', `${pods}/st/status`, changed, merge);
    // kubernetes/pkg/registry/core/pod/strategy.go podStatusStrategy.PrepareForUpdate
    expect(json.status.message).toBe('hi');
    const { json: plain } = await api.call('PATCH', `${pods}/st`, { status: { message: 'no' } }, merge);
    // kubernetes/pkg/registry/core/pod/strategy.go PrepareForUpdate
    expect(plain.status.message).toBe('hi');
  });
});

describe('namespaces', () => {
  test('go when they are empty, and take nothing new meanwhile', async () => {
    const { json } = await api.call('POST', '/api/v1/namespaces', { metadata: { generateName: 'conformance-gone-' } });
    const name = json.metadata.name as string;
    // kubernetes/pkg/registry/core/namespace/strategy.go PrepareForCreate, Canonicalize
    expect(json).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const path = `/api/v1/namespaces/${name}/configmaps`;
    await api.call('POST', path, { metadata: { name: 'stays', finalizers: ['example.com/hold'] } });
    const going = await api.call('DELETE', `/api/v1/namespaces/${name}`);
    // kubernetes/pkg/registry/core/namespace/storage/storage.go Delete
    expect(going.json.status.phase).toBe('Terminating');
    const refused = await api.call('POST', path, configMap('late'));
    // apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Admit
    expect(statusOf(refused)).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refused.json.message).toBe(
      `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    );
    expect(refused.json.details.causes).toEqual([
      { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
    ]);
    const conditions = await eventually('conditions', async () => {
      const { json: now } = await api.call('GET', `/api/v1/namespaces/${name}`);
      const found = now.status.conditions as { type: string; status: string; message: string }[] | undefined;
      return found?.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True')
        ? found
        : false;
    });
    // kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go Update
    expect(conditions.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.message).toBe(
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    );
    expect(conditions.find(({ type }) => type === 'NamespaceContentRemaining')?.message).toBe(
      'Some resources are remaining: configmaps. has 1 resource instances',
    );
    await api.call('PATCH', `${path}/stays`, { metadata: { finalizers: null } }, merge);
    await eventually('the end', async () => (await api.call('GET', `/api/v1/namespaces/${name}`)).status === 404);
  });

  test('finalizers of their own have a domain', async () => {
    const name = await api.namespace();
    const spec = { finalizers: ['kubernetes', 'nonsense'] };
    const { json } = await api.call('PUT', `/api/v1/namespaces/${name}/finalize`, { metadata: { name }, spec });
    // kubernetes/pkg/apis/core/validation/validation.go validateKubeFinalizerName
    expect(json.message).toBe(
      `Namespace "${name}" is invalid: spec.finalizers[1]: Invalid value: "nonsense": ` +
        'name is neither a standard finalizer name nor is it fully qualified',
    );
  });

  test('some are there for good', async () => {
    const { json } = await api.call('DELETE', '/api/v1/namespaces/kube-system?dryRun=All');
    // apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Admit
    expect(json.message).toBe('namespaces "kube-system" is forbidden: this namespace may not be deleted');
  });
});

describe('discovery and health', () => {
  test('aggregated, and in the old form', async () => {
    for (const version of ['v2', 'v2beta1']) {
      const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      const { json, headers } = await api.call('GET', '/apis', undefined, { accept: type });
      // apiserver/pkg/endpoints/discovery/aggregated/negotiation.go AggregatedDiscoveryGVK
      expect(headers['content-type']).toContain(`v=${version}`);
      expect(json).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
      const apps = json.items.find(({ metadata: { name } }: { metadata: { name: string } }) => name === 'apps');
      expect(apps.versions[0]).toMatchObject({ version: 'v1', freshness: 'Current' });
    }
    // docs: The Kubernetes API, Unaggregated discovery
    expect((await api.call('GET', '/api')).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await api.call('GET', '/apis')).json.kind).toBe('APIGroupList');
    const { json } = await api.call('GET', '/apis/apps/v1');
    expect(json).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' });
    const scale = json.resources.find(({ name }: { name: string }) => name === 'deployments/scale');
    expect(scale).toMatchObject({ namespaced: true, group: 'autoscaling', version: 'v1', kind: 'Scale' });
  });

  test('OpenAPI v3 by group, with hashes that let clients keep it', async () => {
    const { json } = await api.call('GET', '/openapi/v3');
    const path = json.paths['apis/apps/v1'].serverRelativeURL as string;
    // docs: The Kubernetes API, OpenAPI V3
    expect(path).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=/);
    const document = await api.call('GET', path);
    expect(document.json.openapi).toMatch(/^3\./);
    expect(document.json.components.schemas['io.k8s.api.apps.v1.Deployment']).toBeDefined();
    const again = await api.call('GET', path, undefined, { 'if-none-match': document.headers.etag ?? '' });
    expect(again.status).toBe(304);
  });

  test('OpenAPI v2', async () => {
    const { json } = await api.call('GET', '/openapi/v2');
    // docs: The Kubernetes API, OpenAPI V2
    expect(json.swagger).toBe('2.0');
    expect(json.definitions['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind']).toEqual([
      { group: '', kind: 'Pod', version: 'v1' },
    ]);
    const type = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    expect((await api.call('GET', '/openapi/v2', undefined, { accept: type })).bytes.length).toBeGreaterThan(10_000);
  });

  test('health, by check, verbose and without some', async () => {
    for (const path of ['/healthz', '/livez', '/readyz']) {
      // apiserver/pkg/server/healthz/healthz.go handleRootHealth
      expect((await api.call('GET', path)).text).toBe('ok');
      const verbose = await api.call('GET', `${path}?verbose`);
      expect(verbose.text).toMatch(/^\[\+\]ping ok\n/);
      expect(verbose.text).toContain(`${path.slice(1)} check passed\n`);
      // apiserver/pkg/server/healthz/healthz.go adaptCheckToHandler
      expect((await api.call('GET', `${path}/ping`)).text).toBe('ok');
      // apiserver/pkg/server/healthz/healthz.go handleRootHealth
      expect((await api.call('GET', `${path}?verbose&exclude=ping`)).text).toContain('[+]ping excluded: ok\n');
    }
    // apiserver/pkg/server/mux/pathrecorder.go ServeHTTP
    expect((await api.call('GET', '/readyz/nosuch')).status).toBe(404);
  });

  test('version and metrics', async () => {
    // apiserver/pkg/server/routes/version.go handleVersion
    expect((await api.call('GET', '/version')).json).toMatchObject({ major: '1', minor: '35' });
    const { text } = await api.call('GET', '/metrics');
    // apiserver/pkg/endpoints/metrics/metrics.go requestCounter
    expect(text).toMatch(/^apiserver_request_total\{.*verb="GET".*\} \d+$/m);
    // apiserver/pkg/endpoints/metrics/metrics.go requestLatencies
    expect(text).toContain('# TYPE apiserver_request_duration_seconds histogram');
  });
});

test('events.k8s.io asks for more than the core version of the same event', async () => {
  const { json } = await api.call('POST', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
    metadata: { name: 'e' },
    regarding: { kind: 'Pod', name: 'p', namespace },
    type: 'Odd',
    note: 'x',
  });
  // apimachinery/pkg/api/errors/errors.go NewInvalid
  expect(json).toMatchObject({ code: 422, reason: 'Invalid', details: { name: 'e', kind: 'Event' } });
  // kubernetes/pkg/apis/core/validation/events.go ValidateEventCreate
  expect(json.message).toContain('eventTime: Required value');
  expect(json.message).toContain('type: Invalid value: "": has invalid value: Odd');
});

describe('retired versions', () => {
  const warning =
    'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress';

  test('are converted both ways, with a warning', async () => {
    const old = `/apis/extensions/v1beta1/namespaces/${namespace}/ingresses`;
    const now = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
    const backend = { serviceName: 'web', servicePort: 'http' };
    const made = await api.call('POST', old, {
      apiVersion: 'extensions/v1beta1',
      kind: 'Ingress',
      metadata: { name: 'old' },
      spec: { rules: [{ host: 'a.b', http: { paths: [{ path: '/', backend }] } }] },
    });
    // docs: Deprecated API Migration Guide, v1.22, Ingress
    expect(made.status).toBe(201);
    // apiserver/pkg/endpoints/deprecation/deprecation.go WarningMessage
    expect(warningsOf(made)).toEqual([warning]);
    // docs: Deprecated API Migration Guide, v1.22, Ingress
    expect(made.json.spec.rules[0].http.paths[0].backend).toEqual(backend);
    const { json } = await api.call('GET', `${now}/old`);
    expect(json.spec.rules[0].http.paths[0]).toEqual({
      path: '/',
      pathType: 'ImplementationSpecific',
      backend: { service: { name: 'web', port: { name: 'http' } } },
    });
    expect(json.apiVersion).toBe('networking.k8s.io/v1');
    const list = await api.call('GET', old);
    expect(list.json).toMatchObject({ kind: 'IngressList', apiVersion: 'extensions/v1beta1' });
    // apiserver/pkg/endpoints/deprecation/deprecation.go WarningMessage
    expect(warningsOf(list)).toEqual([warning]);
  });
});
