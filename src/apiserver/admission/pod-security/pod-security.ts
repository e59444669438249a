/**
 * PodSecurity: a namespace's labels say what its pods may do to their node. Pods that break `enforce` are
 * refused; templates of workloads, and pods that break `warn` only, are answered with a warning.
 *
 * Rules and texts: k8s.io/pod-security-admission admission/admission.go.
 */
import { Namespace } from '../../../api/core/namespace.ts';
import { Pod } from '../../../api/core/pod.ts';
import { deepEqual } from '../../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../access.ts';
import { internalError, invalid } from '../../errors.ts';
import { isOf, quoted, refuse } from '../request.ts';
import type { Spec } from './check.ts';
import { detailsText, violationsOf } from './evaluate.ts';
import { compareLevels, openPolicy, policyOf, textOf, type ParsedPolicy, type Policy } from './level.ts';
import { presentPodsWarnings } from './present-pods.ts';

/** Subresources through which nothing that matters here changes. */
const ignored: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
]);

/** Kinds whose objects hold a pod's template. */
const templated: ReadonlySet<string> = new Set([
  '/podtemplates',
  '/replicationcontrollers',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'batch/cronjobs',
  'batch/jobs',
]);

/** Who and what is let in without a look: by exact name. */
export interface Exemptions {
  readonly usernames: readonly string[];
  readonly namespaces: readonly string[];
  readonly runtimeClasses: readonly string[];
}

export interface PodSecurityOptions {
  /** What counts where a namespace's labels say nothing. */
  readonly defaults?: Policy;
  readonly exemptions?: Exemptions;
}

const nobody: Exemptions = { usernames: [], namespaces: [], runtimeClasses: [] };
const annotation = 'pod-security.kubernetes.io/';

export function podSecurity(
  reader: ObjectReader,
  { defaults = openPolicy, exemptions = nobody }: PodSecurityOptions = {},
): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    handles({ operation, kind, subresource }) {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      if (isOf(Pod, { kind })) return !ignored.has(subresource);
      return subresource === '' && (isOf(Namespace, { kind }) || templated.has(`${kind.group}/${kind.plural}`));
    },
    validate(request) {
      if (isOf(Namespace, request)) return checkNamespace(request, reader, defaults);
      const exempt = exemptionOf(request, exemptions);
      if (exempt !== undefined) return request.annotate(`${annotation}exempt`, exempt);
      const parsed = policyFor(request, reader, defaults);
      if (isOf(Pod, request)) checkPod(request, parsed);
      else checkTemplate(request, parsed);
    },
  };
}

/** Upstream's word for why it is exempt, in upstream's order. */
function exemptionOf(request: AdmissionRequest, exemptions: Exemptions): string | undefined {
  if (exemptions.namespaces.includes(request.namespace)) return 'namespace';
  if (exemptions.usernames.includes(request.user.username)) return 'user';
  const spec = isOf(Pod, request) ? (request.object as unknown as Pod).spec : templateOf(request.object)?.spec;
  const { runtimeClassName = '' } = spec ?? {};
  return runtimeClassName !== '' && exemptions.runtimeClasses.includes(runtimeClassName) ? 'runtimeClass' : undefined;
}

function policyFor({ namespace }: AdmissionRequest, reader: ObjectReader, defaults: Policy): ParsedPolicy {
  const found = reader.get(Namespace, '', namespace);
  if (found === undefined) throw internalError(`failed to lookup namespace ${quoted(namespace)}`);
  return policyOf(found.metadata.labels, defaults);
}

function checkPod(request: AdmissionRequest, { policy }: ParsedPolicy): void {
  const pod = request.object as unknown as Pod;
  const { enforce, warn, audit } = policy;
  if (pod.spec === undefined || (request.old !== undefined && !isSignificant(pod, request.old))) return;
  request.annotate(`${annotation}enforce-policy`, textOf(enforce));
  auditOf(request, audit, pod.metadata, pod.spec);
  const found = violationsOf(enforce, pod.metadata, pod.spec);
  if (found.length > 0) {
    throw refuse(request, `violates PodSecurity ${quoted(textOf(enforce))}: ${detailsText(found)}`);
  }
  warnOf(request, warn, pod.metadata, pod.spec);
}

function warnOf(
  request: AdmissionRequest,
  warn: Policy['warn'],
  metadata: Parameters<typeof violationsOf>[1],
  spec: Spec,
): void {
  const found = violationsOf(warn, metadata, spec);
  if (found.length > 0) request.warn(`would violate PodSecurity ${quoted(textOf(warn))}: ${detailsText(found)}`);
}

/** What breaks the level `audit` is told to the audit log alone. */
function auditOf(
  request: AdmissionRequest,
  audit: Policy['audit'],
  metadata: Parameters<typeof violationsOf>[1],
  spec: Spec,
): void {
  const found = violationsOf(audit, metadata, spec);
  if (found.length === 0) return;
  const text = `would violate PodSecurity ${quoted(textOf(audit))}: ${detailsText(found)}`;
  request.annotate(`${annotation}audit-violations`, text);
}

interface Template {
  readonly metadata?: Parameters<typeof violationsOf>[1];
  readonly spec?: Spec;
}

function checkTemplate(request: AdmissionRequest, { policy }: ParsedPolicy): void {
  const { metadata = {}, spec } = templateOf(request.object) ?? {};
  if (spec === undefined) return;
  auditOf(request, policy.audit, metadata, spec);
  warnOf(request, policy.warn, metadata, spec);
}

/** PodTemplates hold it themselves, CronJobs one floor deeper than the rest. */
function templateOf(object: unknown): Template | undefined {
  const { template, spec } = object as {
    readonly template?: Template;
    readonly spec?: {
      readonly template?: Template;
      readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
    };
  };
  return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template;
}

/** Of what may change in a pod, only images and new containers matter. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const images = ({ spec }: Pod, list: 'containers' | 'initContainers'): readonly unknown[] =>
    (spec?.[list] ?? []).map(({ image }) => image);
  if (!deepEqual(images(pod, 'containers'), images(old, 'containers'))) return true;
  if (!deepEqual(images(pod, 'initContainers'), images(old, 'initContainers'))) return true;
  const before = new Map((old.spec?.ephemeralContainers ?? []).map(({ name, image }) => [name, image]));
  return (pod.spec?.ephemeralContainers ?? []).some(
    ({ name, image }) => !before.has(name) || before.get(name) !== image,
  );
}

/** Labels that can't be read are refused; a stricter level says which pods break it. */
function checkNamespace(request: AdmissionRequest, reader: ObjectReader, defaults: Policy): void {
  const { name, kind } = request;
  const young = policyOf((request.object as unknown as Namespace).metadata.labels, defaults);
  const old = request.old === undefined ? undefined : policyOf(request.old.metadata.labels, defaults);
  if (young.faults.length > 0 && !deepEqual(young.faults, old?.faults)) throw invalid(kind, name, young.faults);
  if (old === undefined) return;
  const { enforce } = young.policy;
  const before = old.policy.enforce;
  if (enforce.level === 'privileged' || deepEqual(enforce, before)) return;
  if (enforce.minor === before.minor && compareLevels(enforce.level, before.level) <= 0) return;
  for (const warning of presentPodsWarnings(reader.list(Pod, name), name, enforce)) request.warn(warning);
}
