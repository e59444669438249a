/** The paths of a resource with their operations, for OpenAPI 2 and 3. */
import type { Kind } from '../../api/kind.ts';
import { referenceTo, type OpenApiVersion } from '../../schema/openapi.ts';
import { subresourcesOf } from '../discovery/subresources.ts';
import { verbsOf } from '../handlers/dispatch.ts';
import type { Resource } from '../registry/resources.ts';

type Json = Record<string, unknown>;

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const answers = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patches = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly doc: string;
}

const dryRun: QueryParameter = { name: 'dryRun', type: 'string', doc: 'All: do everything but keep the result.' };
const manager: QueryParameter = {
  name: 'fieldManager',
  type: 'string',
  doc: 'Who writes, as recorded in managedFields.',
};
const validation: QueryParameter = {
  name: 'fieldValidation',
  type: 'string',
  doc: 'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
};
const force: QueryParameter = { name: 'force', type: 'boolean', doc: 'Apply: take over fields that others manage.' };
const pretty: QueryParameter = { name: 'pretty', type: 'string', doc: 'Indent the answer.' };
const listing: readonly QueryParameter[] = [
  { name: 'allowWatchBookmarks', type: 'boolean', doc: 'Watch: send bookmarks.' },
  { name: 'continue', type: 'string', doc: 'The token of the page before.' },
  { name: 'fieldSelector', type: 'string', doc: 'Restricts by fields.' },
  { name: 'labelSelector', type: 'string', doc: 'Restricts by labels.' },
  { name: 'limit', type: 'integer', doc: 'How many objects a page holds.' },
  { name: 'resourceVersion', type: 'string', doc: 'Which revision to read, or to watch from.' },
  { name: 'resourceVersionMatch', type: 'string', doc: 'Exact or NotOlderThan.' },
  { name: 'sendInitialEvents', type: 'boolean', doc: 'Watch: begin with what is there.' },
  { name: 'timeoutSeconds', type: 'integer', doc: 'How long a watch lasts.' },
  { name: 'watch', type: 'boolean', doc: 'Watch instead of listing.' },
];
const deleting: readonly QueryParameter[] = [
  dryRun,
  { name: 'gracePeriodSeconds', type: 'integer', doc: 'Seconds until the deletion is forced.' },
  { name: 'orphanDependents', type: 'boolean', doc: 'The old form of propagationPolicy.' },
  { name: 'propagationPolicy', type: 'string', doc: 'What happens to dependents: Orphan, Background or Foreground.' },
];

interface Operation {
  readonly action: string;
  readonly query: readonly QueryParameter[];
  /** The component of what is sent, if anything. */
  readonly body?: string;
  readonly bodyTypes?: readonly string[];
  readonly bodyRequired?: boolean;
  /** The component of the answer. */
  readonly answer: string;
  readonly codes: readonly number[];
  readonly stream?: boolean;
}

const methods: Readonly<Record<string, string>> = {
  get: 'get',
  list: 'get',
  post: 'post',
  put: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
  connect: 'get',
};

function operationsOf(own: string, list: string): Readonly<Record<string, Operation>> {
  const write = [dryRun, manager, validation];
  const status = `${meta}.Status`;
  return {
    get: { action: 'get', query: [], answer: own, codes: [200] },
    list: { action: 'list', query: listing, answer: list, codes: [200], stream: true },
    create: { action: 'post', query: write, body: own, answer: own, codes: [200, 201, 202], bodyRequired: true },
    update: { action: 'put', query: write, body: own, answer: own, codes: [200, 201], bodyRequired: true },
    patch: {
      action: 'patch',
      query: [...write, force],
      body: `${meta}.Patch`,
      bodyTypes: patches,
      answer: own,
      codes: [200, 201],
      bodyRequired: true,
    },
    delete: { action: 'delete', query: deleting, body: `${meta}.DeleteOptions`, answer: status, codes: [200, 202] },
    deletecollection: {
      action: 'deletecollection',
      query: [...deleting, ...listing],
      body: `${meta}.DeleteOptions`,
      answer: status,
      codes: [200],
    },
  };
}

/** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}` and the like, with their operations. */
export function pathsOf(version: OpenApiVersion, resource: Resource): readonly (readonly [string, Json])[] {
  const { kind } = resource;
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = resource.namespaced ? `${root}/namespaces/{namespace}` : root;
  const own = kind.schema.name;
  const operations = operationsOf(own, `${own}List`);
  const verbs = verbsOf(kind);
  const pick = (path: string, names: readonly string[]): readonly (readonly [string, Json])[] => {
    const chosen = names.filter((name) => verbs.includes(name)).flatMap((name) => operations[name] ?? []);
    return chosen.length === 0 ? [] : [[path, pathItem(version, path, kind, chosen)]];
  };
  const collection = `${scope}/${kind.plural}`;
  const object = `${collection}/{name}`;
  return [
    ...pick(collection, ['list', 'create', 'deletecollection']),
    ...(resource.namespaced ? pick(`${root}/${kind.plural}`, ['list']) : []),
    ...pick(object, ['get', 'update', 'patch', 'delete']),
    ...subresourcesOf(kind).map(({ name, type, verbs: allowed }) => {
      const body = componentOf(kind, type);
      const chosen = allowed.flatMap((verb) => operationsOf(body, body)[verb] ?? []);
      const path = `${object}/${name}`;
      return [path, pathItem(version, path, { ...kind, ...type }, chosen)] as const;
    }),
  ];
}

/** The component that a subresource's body is an instance of. */
function componentOf(
  kind: Kind,
  type: { readonly group: string; readonly version: string; readonly kind: string },
): string {
  if (type.kind === kind.kind && type.group === kind.group) return kind.schema.name;
  if (type.kind.endsWith('Options')) return `${meta}.Status`;
  const folder = type.group === '' ? 'core' : type.group.replace(/\..*$/, '');
  return `io.k8s.api.${folder}.${type.version}.${type.kind}`;
}

function pathItem(
  version: OpenApiVersion,
  path: string,
  kind: Pick<Kind, 'group' | 'version' | 'kind' | 'plural'>,
  operations: readonly Operation[],
): Json {
  const item: Json = { parameters: pathParameters(version, path) };
  for (const operation of operations)
    item[methods[operation.action] ?? 'get'] = describe(version, path, kind, operation);
  return item;
}

function pathParameters(version: OpenApiVersion, path: string): readonly Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const docs: Readonly<Record<string, string>> = { name: 'Name of the object.', namespace: 'Namespace of the object.' };
  const own = names.map((name) => parameter(version, { name, type: 'string', doc: docs[name] ?? '' }, 'path'));
  return [...own, parameter(version, pretty, 'query')];
}

function parameter(version: OpenApiVersion, { name, type, doc }: QueryParameter, place: 'path' | 'query'): Json {
  const typed = version === 3 ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true };
  return { name, in: place, description: doc, ...(place === 'path' ? { required: true } : {}), ...typed };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function operationId(path: string, kind: Pick<Kind, 'group' | 'version' | 'kind'>, action: string): string {
  const verbs: Readonly<Record<string, string>> = {
    get: 'read',
    post: 'create',
    put: 'replace',
    deletecollection: 'deleteCollection',
  };
  const group =
    kind.group === ''
      ? 'Core'
      : capital(
          kind.group.replace(/\.k8s\.io$/, '').replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase()),
        );
  const scope = path.includes('{namespace}') ? 'Namespaced' : '';
  const everywhere = action === 'list' && scope === '' ? 'ForAllNamespaces' : '';
  const [, subresource = ''] = /\{name\}\/(\w+)$/.exec(path) ?? [];
  return `${verbs[action] ?? action}${group}${capital(kind.version)}${scope}${kind.kind}${capital(subresource)}${everywhere}`;
}

function describe(
  version: OpenApiVersion,
  path: string,
  kind: Pick<Kind, 'group' | 'version' | 'kind' | 'plural'>,
  operation: Operation,
): Json {
  const { action, query, stream = false } = operation;
  const produced = stream ? [...answers, ...streams] : answers;
  const parameters: Json[] = query.map((each) => parameter(version, each, 'query'));
  const tag = kind.group === '' ? `core_${kind.version}` : `${kind.group.replace(/\..*$/, '')}_${kind.version}`;
  const common = {
    description: `${capital(action)} ${kind.plural}.`,
    operationId: operationId(path, kind, action),
    tags: [tag],
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  };
  const responses = responsesOf(version, operation, produced);
  if (version === 3) return { ...common, parameters, ...requestBody(operation), responses };
  const { body, bodyRequired = false, bodyTypes = ['*/*'] } = operation;
  if (body !== undefined) {
    parameters.unshift({
      in: 'body',
      name: 'body',
      ...(bodyRequired ? { required: true } : {}),
      schema: referenceTo(2, body),
    });
  }
  return { ...common, consumes: bodyTypes, produces: produced, schemes: ['https'], parameters, responses };
}

function requestBody({ body, bodyTypes = ['*/*'], bodyRequired = false }: Operation): Json {
  if (body === undefined) return {};
  const content = Object.fromEntries(bodyTypes.map((type) => [type, { schema: referenceTo(3, body) }]));
  return { requestBody: { content, ...(bodyRequired ? { required: true } : {}) } };
}

const codeNames: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' };

function responsesOf(version: OpenApiVersion, { answer, codes }: Operation, produced: readonly string[]): Json {
  const responses: Json = {};
  for (const code of codes) {
    const schema = referenceTo(version, answer);
    const body =
      version === 2 ? { schema } : { content: Object.fromEntries(produced.map((type) => [type, { schema }])) };
    responses[String(code)] = { description: codeNames[code] ?? '', ...body };
  }
  responses['401'] = { description: 'Unauthorized' };
  return responses;
}
