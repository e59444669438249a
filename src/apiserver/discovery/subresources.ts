/** The subresources of a kind, as discovery lists them. */
import type { Kind } from '../../api/kind.ts';

export interface ListedSubresource {
  readonly name: string;
  readonly type: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

const readWrite = ['get', 'patch', 'update'];

export function subresourcesOf(kind: Kind): readonly ListedSubresource[] {
  const { status, scale, others = {} } = kind.subresources;
  const own = { group: kind.group, version: kind.version, kind: kind.kind };
  const listed: ListedSubresource[] = Object.entries(others).map(([name, other]) => ({
    name,
    type: { group: other.group ?? kind.group, version: other.version ?? kind.version, kind: other.kind },
    verbs: other.verbs,
  }));
  if (scale !== undefined) {
    listed.push({ name: 'scale', type: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: readWrite });
  }
  if (status === true) listed.push({ name: 'status', type: own, verbs: readWrite });
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}
