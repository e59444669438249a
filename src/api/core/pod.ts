import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { podColumns } from './pod-columns.ts';
import { podDefaults, preparePodCreate, preparePodStatusUpdate } from './pod-defaults.ts';
import { PodSpec } from './pod-spec.ts';
import { PodStatus } from './pod-status.ts';
import { podCreateFaults, podFaults, podStatusUpdateFaults, podUpdateFaults } from './validate-pod.ts';

export const Pod = defineKind({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Containers that run together on one node and share network and volumes.',
  fields: {
    spec: of(2, PodSpec).always().doc('What is wanted.'),
    status: of(3, PodStatus).always().doc('What was observed last.'),
  },
  subresources: {
    status: true,
    others: {
      attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
      binding: { kind: 'Binding', verbs: ['create'] },
      ephemeralcontainers: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
      eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
      exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
      log: { kind: 'Pod', verbs: ['get'] },
      portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
      proxy: { kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
      resize: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
    },
  },
  columns: podColumns,
  selectable: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  defaults: podDefaults,
  prepareCreate: preparePodCreate,
  prepareStatusUpdate: preparePodStatusUpdate,
  validate: (pod, old) => [...podFaults(pod), ...(old === undefined ? podCreateFaults(pod) : [])],
  validateUpdate: (pod, old) => podUpdateFaults(pod, old),
  validateStatusUpdate: (pod, old) => podStatusUpdateFaults(pod, old),
});
export interface Pod extends ObjectOf<typeof Pod> {}
