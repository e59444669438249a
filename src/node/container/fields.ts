/** What a pod can be told about itself: field references and resource references. Pure. */
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../api/core/env.ts';
import type { Pod } from '../../api/core/pod.ts';
import { approximateValue, parseQuantity } from '../../schema/quantity.ts';
import { findContainer, namespaceOf, type AnyContainer } from '../pod/names.ts';
import { requestsOf } from '../pod/resources.ts';

export interface PodFacts {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeName: string;
  /** The node's allocatable resources: limits that are not set count as these. */
  readonly allocatable: Readonly<Record<string, string>>;
}

export class FieldError extends Error {
  override readonly name = 'FieldError';
}

const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** The text of a field such as `metadata.name` or `metadata.labels['app']`. Throws FieldError. */
export function fieldValue(facts: PodFacts, selector: ObjectFieldSelector): string {
  const { pod } = facts;
  const { fieldPath } = selector;
  const match = keyed.exec(fieldPath);
  if (match !== null) return pod.metadata[match[1] as 'labels' | 'annotations']?.[match[2] ?? ''] ?? '';
  const read = readers[fieldPath];
  if (read === undefined) throw new FieldError(`unsupported fieldPath: ${fieldPath}`);
  return read(facts);
}

const readers: Readonly<Record<string, (facts: PodFacts) => string>> = {
  'metadata.name': ({ pod }) => pod.metadata.name,
  'metadata.namespace': ({ pod }) => namespaceOf(pod),
  'metadata.uid': ({ pod }) => pod.metadata.uid,
  'metadata.labels': ({ pod }) => formatMap(pod.metadata.labels),
  'metadata.annotations': ({ pod }) => formatMap(pod.metadata.annotations),
  'spec.nodeName': ({ pod, nodeName }) => pod.spec?.nodeName ?? nodeName,
  'spec.serviceAccountName': ({ pod }) => pod.spec?.serviceAccountName ?? '',
  'spec.restartPolicy': ({ pod }) => pod.spec?.restartPolicy ?? '',
  'status.hostIP': ({ hostIps }) => hostIps[0] ?? '',
  'status.hostIPs': ({ hostIps }) => hostIps.slice(0, 2).join(','),
  'status.podIP': ({ podIps }) => podIps[0] ?? '',
  'status.podIPs': ({ podIps }) => podIps.join(','),
};

/** Lines of `key="value"`, sorted, as downward API files hold labels and annotations. */
export function formatMap(entries: Readonly<Record<string, string>> = {}): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .sort()
    .join('\n');
}

/** As a Go string literal. */
function quoted(value: string): string {
  return JSON.stringify(value).replace(/\\u([0-9a-f]{4})/g, (_, code: string) =>
    code.startsWith('00') ? `\\x${code.slice(2)}` : `\\u${code}`,
  );
}

/** A limit or request of a container in units of the divisor, rounded up. Throws FieldError. */
export function resourceValue(facts: PodFacts, selector: ResourceFieldSelector, ownName: string): string {
  const name = selector.containerName || ownName;
  const container = findContainer(facts.pod, name)?.spec;
  if (container === undefined) throw new FieldError(`container ${name} not found`);
  const amount = statedAmount(facts, container, selector.resource);
  const unit = selector.divisor === undefined ? 0 : approximateValue(selector.divisor);
  const exact = approximateValue(parseQuantity(amount)) / (unit === 0 ? 1 : unit);
  return `${Math.ceil(exact - 1e-9 * Math.abs(exact))}`;
}

/** Of `limits.cpu` and the like; a limit that is not set is what the node has. */
function statedAmount(facts: PodFacts, container: AnyContainer, path: string): string {
  const [kind, ...rest] = path.split('.');
  const resource = rest.join('.');
  if ((kind !== 'limits' && kind !== 'requests') || resource === '') {
    throw new FieldError(`unsupported container resource : ${path}`);
  }
  if (kind === 'requests') return requestsOf(container.resources)[resource] ?? '0';
  return container.resources?.limits?.[resource] ?? facts.allocatable[resource] ?? '0';
}
