/** What a node may say of itself: not its taints, and not labels by which work is kept from other nodes. */
import { Node } from '../../api/core/node.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionRequest } from '../access.ts';
import { oldOf, quoted, refuse } from './request.ts';

export function checkNodeWrite(request: AdmissionRequest, node: string): void {
  if (request.name !== node) {
    throw refuse(request, `node ${quoted(node)} is not allowed to modify node ${quoted(request.name)}`);
  }
  if (request.operation !== 'DELETE') checkOwnNode(request, node);
}

function checkOwnNode(request: AdmissionRequest, node: string): void {
  const young = request.object as unknown as Node;
  const old = oldOf(Node, request);
  const labels = forbiddenLabels(young.metadata.labels ?? {}, old?.metadata.labels ?? {});
  if (old === undefined) {
    if (labels.length === 0) return;
    throw refuse(request, `node ${quoted(node)} is not allowed to set the following labels: ${labels.join(', ')}`);
  }
  checkKept(request, node, young, old);
  if (labels.length > 0) throw refuse(request, `is not allowed to modify labels: ${labels.join(', ')}`);
}

function checkKept(request: AdmissionRequest, node: string, young: Node, old: Node): void {
  if (!deepEqual(young.spec?.taints ?? [], old.spec?.taints ?? [])) {
    throw refuse(request, `node ${quoted(node)} is not allowed to modify taints`);
  }
  // An owner that does not exist would have the garbage collector delete the Node, for its taints and labels to be lost.
  if (!deepEqual(young.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? [])) {
    throw refuse(request, `node ${quoted(node)} is not allowed to modify ownerReferences`);
  }
}

type Labels = Readonly<Record<string, string>>;

/** Labels of Kubernetes' own that a kubelet reports. */
const reported: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

function forbiddenLabels(young: Labels, old: Labels): readonly string[] {
  const changed = new Set([...Object.keys(young), ...Object.keys(old)].filter((key) => young[key] !== old[key]));
  return [...changed].filter(isForbidden).toSorted();
}

function isForbidden(label: string): boolean {
  const at = label.indexOf('/');
  const domain = at < 0 ? '' : label.slice(0, at);
  const within = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !reported.has(label) && !within('kubelet.kubernetes.io') && !within('node.kubernetes.io');
}
