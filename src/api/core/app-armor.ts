/**
 * AppArmor profiles were annotations of a pod before they were fields. A new pod has both forms, as upstream writes
 * them, so that whoever reads one of them sees what holds.
 */
import type { Warn } from '../kind.ts';
import type { Editable } from '../rules/draft.ts';
import type { Container } from './container.ts';
import type { PodSpec } from './pod-spec.ts';
import type { AppArmorProfile } from './security-context.ts';

/** Of the annotation that names a container's profile. */
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

interface PodDraft {
  metadata?: { annotations?: Record<string, string> };
  spec?: Editable<PodSpec>;
}

/** Fills in the form that is missing, container by container. Where they differ, validation and the field decide. */
export function alignAppArmor(pod: PodDraft, warn: Warn): void {
  const { spec } = pod;
  if (spec === undefined || spec.os?.name === 'windows') return;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    alignContainer(pod, container, warn);
}

function alignContainer(pod: PodDraft, container: Editable<Container>, warn: Warn): void {
  const shared = profileIn(pod.spec ?? {});
  const key = `${appArmorPrefix}${container.name}`;
  const annotation = pod.metadata?.annotations?.[key];
  if (annotation === undefined) return annotate(pod, key, annotationOf(profileIn(container) ?? shared));
  const profile = profileOf(annotation);
  if (profile === undefined || profileIn(container) !== undefined) return;
  warn(appArmorWarning('metadata', key));
  setProfile(container, profile, shared);
}

type Profile = Editable<AppArmorProfile> | undefined;

const profileIn = ({ securityContext }: { securityContext?: { appArmorProfile?: Profile } }): Profile =>
  securityContext?.appArmorProfile;

function annotate(pod: PodDraft, key: string, text: string | undefined): void {
  if (text === undefined) return;
  pod.metadata = { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [key]: text } };
}

/** What the pod says already is not said again. */
function setProfile(container: Editable<Container>, profile: AppArmorProfile, shared: Profile): void {
  if (isSame(profile, shared)) return;
  container.securityContext = { ...container.securityContext, appArmorProfile: profile };
}

function annotationOf(profile: Profile): string | undefined {
  switch (profile?.type) {
    case 'Unconfined':
      return 'unconfined';
    case 'RuntimeDefault':
      return 'runtime/default';
    case 'Localhost':
      return profile.localhostProfile === undefined ? undefined : `${localhost}${profile.localhostProfile}`;
    default:
      return undefined;
  }
}

/** undefined: it says nothing that a field could say. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const name = annotation.startsWith(localhost) ? annotation.slice(localhost.length) : '';
  return name === '' ? undefined : { type: 'Localhost', localhostProfile: name };
}

const isSame = (profile: AppArmorProfile, other: Profile): boolean =>
  profile.type === other?.type && profile.localhostProfile === other.localhostProfile;

/** That a profile is given in the old form, in the metadata at `path`. */
export const appArmorWarning = (path: string, key: string): string =>
  `${path}.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
