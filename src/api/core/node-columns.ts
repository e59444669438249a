/** The rows of `kubectl get nodes`. */
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type { NodeSpec, NodeStatus } from './node.ts';

interface NodeRow extends KubernetesObject {
  readonly spec?: Loose<NodeSpec>;
  readonly status?: Loose<NodeStatus>;
}

const rolePrefix = 'node-role.kubernetes.io/';

function status({ spec, status }: NodeRow): string {
  const ready = status?.conditions?.findLast(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

/** From labels `node-role.kubernetes.io/<role>` and `kubernetes.io/role`. */
function roles({ metadata }: NodeRow): string {
  const names = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  const known = [...new Set(names.filter((name) => name !== ''))].toSorted();
  return known.length === 0 ? '<none>' : known.join(',');
}

function address(node: NodeRow, wanted: string): string {
  return node.status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>';
}

const orUnknown = (text: string | undefined): string => (text === undefined || text === '' ? '<unknown>' : text);

const wide = (name: string, doc: string, value: (node: NodeRow) => string): Column<NodeRow> => ({
  name,
  type: 'string',
  priority: 1,
  doc,
  value,
});

export const nodeColumns: readonly Column<NodeRow>[] = [
  nameColumn,
  { name: 'Status', type: 'string', doc: 'Whether the node is ready, and whether it takes new pods.', value: status },
  { name: 'Roles', type: 'string', doc: 'Roles that its labels give it.', value: roles },
  ageColumn,
  {
    name: 'Version',
    type: 'string',
    doc: 'Version of the node agent.',
    value: (node) => node.status?.nodeInfo?.kubeletVersion ?? '',
  },
  wide('Internal-IP', 'Address inside the cluster.', (node) => address(node, 'InternalIP')),
  wide('External-IP', 'Address outside the cluster.', (node) => address(node, 'ExternalIP')),
  wide('OS-Image', 'Operating system.', (node) => orUnknown(node.status?.nodeInfo?.osImage)),
  wide('Kernel-Version', 'Kernel.', (node) => orUnknown(node.status?.nodeInfo?.kernelVersion)),
  wide('Container-Runtime', 'What runs its containers.', (node) =>
    orUnknown(node.status?.nodeInfo?.containerRuntimeVersion),
  ),
];
