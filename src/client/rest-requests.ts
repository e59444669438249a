/** Kubernetes' paths, queries and bodies for each verb. Pure. */
import type { Kind } from '../api/kind.ts';
import type {
  DeleteOptions,
  ListOptions,
  ObjectRef,
  PatchOptions,
  PatchType,
  WatchOptions,
  WriteOptions,
} from './client.ts';

/** `/api/v1/namespaces/default/pods/web/status`: as much of it as is given. */
export function pathOf(kind: Kind, ref: Partial<ObjectRef> = {}, subresource?: string): string {
  const { namespace = '', name } = ref;
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.scope === 'Namespaced' && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${kind.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}

export function listQuery(options: ListOptions): string {
  const { labelSelector, fieldSelector, limit, continue: next, resourceVersion } = options;
  return queryOf({ labelSelector, fieldSelector, limit, continue: next, resourceVersion });
}

/** `seconds`: after which the server ends the watch, so that a dead connection is not kept for ever. */
export function watchQuery(options: WatchOptions, seconds: number): string {
  const { labelSelector, fieldSelector, resourceVersion } = options;
  return queryOf({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion,
    timeoutSeconds: seconds,
    labelSelector,
    fieldSelector,
  });
}

export function writeQuery(options: WriteOptions | PatchOptions): string {
  const { fieldManager, dryRun } = options;
  return queryOf({
    fieldManager,
    dryRun: dryRun === true ? 'All' : undefined,
    force: 'force' in options ? options.force : undefined,
  });
}

export const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // The body may be JSON, which is YAML.
  apply: 'application/apply-patch+yaml',
};

export function deleteBody({ dryRun, ...options }: DeleteOptions): object {
  return { kind: 'DeleteOptions', apiVersion: 'v1', ...options, ...(dryRun === true && { dryRun: ['All'] }) };
}

function queryOf(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
