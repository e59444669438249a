/**
 * Namespaces: nothing is written into one that is absent, nothing new into one that goes away, and some stay
 * for ever.
 *
 * Messages: apiserver pkg/admission/plugin/namespace/lifecycle/admission.go,
 * plugin/pkg/admission/namespace/{autoprovision,exists}/admission.go.
 */
import { Namespace } from '../../api/core/namespace.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../access.ts';
import { forbidden, notFound, StatusError } from '../errors.ts';
import { isOf, refuse } from './request.ts';

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces' };

export function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation }) => operation !== 'CONNECT',
    admit(request) {
      const { operation, name, namespace } = request;
      if (isOf(Namespace, request)) {
        if (operation === 'DELETE' && immortal.has(name)) {
          throw forbidden(namespaces, name, 'this namespace may not be deleted');
        }
        return;
      }
      if (namespace === '' || operation === 'DELETE' || isAccessReview(request)) return;
      const found = reader.get(Namespace, '', namespace);
      if (found === undefined) throw notFound(namespaces, namespace);
      if (operation === 'CREATE' && found.status?.phase === 'Terminating') throw terminating(request);
    },
  };
}

/** Answers about rights say nothing of what exists. */
function isAccessReview({ kind }: AdmissionRequest): boolean {
  return kind.group === 'authorization.k8s.io' && kind.plural === 'localsubjectaccessreviews';
}

/** Clients recognise it by the cause. */
function terminating(request: AdmissionRequest): StatusError {
  const { namespace } = request;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { code, reason, message, details } = refuse(request, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError(code, reason, message, { ...details, causes: [cause] });
}

/** Creates the namespace that somebody writes into. Without side effects on a dry run. */
export function namespaceAutoProvision(
  reader: ObjectReader,
  create: (name: string) => Promise<unknown>,
): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    handles: ({ operation, kind }) => operation === 'CREATE' && !isOf(Namespace, { kind }),
    async admit(request) {
      const { namespace, dryRun } = request;
      if (dryRun || namespace === '' || isAccessReview(request)) return;
      if (reader.get(Namespace, '', namespace) === undefined) await create(namespace);
    },
  };
}

export function namespaceExists(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    handles: ({ operation, kind }) => operation !== 'CONNECT' && !isOf(Namespace, { kind }),
    validate(request) {
      const { namespace } = request;
      if (namespace === '' || isAccessReview(request)) return;
      if (reader.get(Namespace, '', namespace) === undefined) throw notFound(namespaces, namespace);
    },
  };
}
