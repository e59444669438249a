/**
 * ServiceAccount: a pod without an account gets `default`; its account must exist; its token is mounted and
 * its pull secrets are taken over.
 */
import { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { Random } from '../../base/random.ts';
import { nameSuffix } from '../../base/random.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../access.ts';
import { forbidden } from '../errors.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const tokenSeconds = 3_607;

/** The draft of a pod: what this plugin changes in it. */
interface PodDraft {
  metadata?: { annotations?: Record<string, string>; namespace?: string };
  spec: {
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    imagePullSecrets?: { name?: string }[];
    containers?: ContainerDraft[];
    initContainers?: ContainerDraft[];
    volumes?: Record<string, unknown>[];
  };
}

interface ContainerDraft {
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

export function serviceAccountAdmission(reader: ObjectReader, random: Random): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: ({ operation, kind, subresource }) =>
      kind.kind === Pod.kind &&
      kind.group === '' &&
      ((operation === 'CREATE' && subresource === '') ||
        (operation === 'UPDATE' && subresource === 'ephemeralcontainers')),
    admit(request) {
      if (request.operation !== 'CREATE') return;
      const pod = request.object as unknown as PodDraft;
      if (isMirror(pod)) return checkMirror(request, pod);
      pod.spec.serviceAccountName =
        pod.spec.serviceAccountName === undefined || pod.spec.serviceAccountName === ''
          ? 'default'
          : pod.spec.serviceAccountName;
      const account = accountOf(request, pod, reader);
      if (shouldMount(account, pod)) mountToken(pod, random);
      if ((pod.spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets !== undefined) {
        pod.spec.imagePullSecrets = account.imagePullSecrets.map((each) => ({ ...each }));
      }
    },
    validate(request) {
      const pod = request.object as unknown as PodDraft;
      if (request.operation !== 'CREATE' || isMirror(pod)) return;
      const account = accountOf(request, pod, reader);
      if (account.metadata.annotations?.[enforceAnnotation] === 'true') checkMountable(request, pod, account);
    },
  };
}

function isMirror(pod: PodDraft): boolean {
  return pod.metadata?.annotations?.[mirrorAnnotation] !== undefined;
}

function checkMirror(request: AdmissionRequest, pod: PodDraft): void {
  const named = (pod.spec.serviceAccountName ?? '') !== '';
  if (named) throw refuse(request, 'a mirror pod may not reference service accounts');
  const projects = (pod.spec.volumes ?? []).some((volume) =>
    JSON.stringify(volume['projected'] ?? null).includes('"serviceAccountToken"'),
  );
  if (projects) throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
}

function accountOf(request: AdmissionRequest, pod: PodDraft, reader: ObjectReader): ServiceAccount {
  const name = pod.spec.serviceAccountName ?? '';
  const account = reader.get(ServiceAccount, request.namespace, name);
  if (account !== undefined) return account;
  throw refuse(
    request,
    `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

function shouldMount(account: ServiceAccount, pod: PodDraft): boolean {
  return pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

/** Containers that have something of their own at the path keep it. */
function mountToken(pod: PodDraft, random: Random): void {
  const containers = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  const without = containers.filter(({ volumeMounts = [] }) =>
    volumeMounts.every((mount) => mount.mountPath !== mountPath),
  );
  if (without.length === 0) return;
  const name = `kube-api-access-${nameSuffix(random)}`;
  for (const container of without) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
  }
  pod.spec.volumes = [
    ...(pod.spec.volumes ?? []),
    { name, projected: { defaultMode: 0o644, sources: tokenSources() } },
  ];
}

function tokenSources(): readonly object[] {
  return [
    { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ];
}

function checkMountable(request: AdmissionRequest, pod: PodDraft, account: ServiceAccount): void {
  const allowed = new Set((account.secrets ?? []).map(({ name = '' }) => name));
  for (const volume of pod.spec.volumes ?? []) {
    const { secretName } = (volume['secret'] ?? {}) as { secretName?: string };
    if (secretName !== undefined && !allowed.has(secretName)) {
      throw refuse(
        request,
        `volume with secret.secretName=${JSON.stringify(secretName)} is not allowed because service account ${account.metadata.name} does not reference that secret`,
      );
    }
  }
  const pulls = new Set((account.imagePullSecrets ?? []).map(({ name = '' }) => name));
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    if (!pulls.has(name)) {
      throw refuse(
        request,
        `imagePullSecrets[0].name=${JSON.stringify(name)} is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`,
      );
    }
  }
}

function refuse(request: AdmissionRequest, detail: string): Error {
  return forbidden({ group: '', resource: 'pods' }, request.name, detail);
}
