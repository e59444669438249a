/**
 * AppArmor profiles were annotations of a pod before they were fields. A new pod has both forms, as upstream writes
 * them, so that whoever reads one of them sees what holds.
 */
import type { Editable } from '../rules/draft.ts';
import type { Container } from './container.ts';
import type { PodSpec } from './pod-spec.ts';
import type { AppArmorProfile } from './security-context.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

interface PodDraft {
  metadata?: { annotations?: Record<string, string> };
  spec?: Editable<PodSpec>;
}

/** Fills in the form that is missing, container by container. Where they differ, validation and the field decide. */
export function alignAppArmor(pod: PodDraft): void {
  const { spec } = pod;
  if (spec === undefined || spec.os?.name === 'windows') return;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const key = `${prefix}${container.name}`;
    const annotation = pod.metadata?.annotations?.[key];
    if (annotation === undefined) annotate(pod, key, annotationOf(profileIn(container) ?? profileIn(spec)));
    else if (profileIn(container) === undefined) setProfile(container, profileOf(annotation), profileIn(spec));
  }
}

type Profile = Editable<AppArmorProfile> | undefined;

const profileIn = ({ securityContext }: { securityContext?: { appArmorProfile?: Profile } }): Profile =>
  securityContext?.appArmorProfile;

function annotate(pod: PodDraft, key: string, text: string | undefined): void {
  if (text === undefined) return;
  pod.metadata = { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [key]: text } };
}

/** What the pod says already is not said again. */
function setProfile(container: Editable<Container>, profile: AppArmorProfile | undefined, shared: Profile): void {
  if (profile === undefined || isSame(profile, shared)) return;
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
