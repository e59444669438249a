/** A container's security context, the container's own fields winning over the pod's. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import type { PodSecurityContext, SecurityContext } from '../../api/core/security-context.ts';
import type { ContainerSecurity, SecurityProfile } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';
import type { AnyContainer } from '../pod/names.ts';
import { ConfigurationError } from './environment.ts';

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

export type SecuritySettings = Pick<NodeConfig, 'seccompProfileRoot' | 'seccompDefault'>;

export function containerSecurity(pod: Pod, container: AnyContainer, settings: SecuritySettings): ContainerSecurity {
  const { shared, own } = contexts(pod, container);
  const privileged = own.privileged === true;
  const { add = [], drop = [] } = own.capabilities ?? {};
  return {
    privileged,
    addCapabilities: add,
    dropCapabilities: drop,
    ...identity(shared, own),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? { type: 'unconfined' } : seccomp(own.seccompProfile ?? shared.seccompProfile, settings),
    apparmor: profile(own.appArmorProfile ?? shared.appArmorProfile ?? annotatedProfile(pod, container), {
      type: 'runtimeDefault',
    }),
    ...(privileged || own.procMount === 'Unmasked' ? unmasked : {}),
  };
}

const unmasked = { maskedPaths: [], readonlyPaths: [] };

interface Contexts {
  readonly shared: PodSecurityContext;
  readonly own: SecurityContext;
}

const contexts = (pod: Pod, container: AnyContainer): Contexts => ({
  shared: pod.spec?.securityContext ?? {},
  own: container.securityContext ?? {},
});

type Identity = Pick<ContainerSecurity, 'user' | 'group' | 'supplementalGroups' | 'supplementalGroupsPolicy'>;

function identity(shared: PodSecurityContext, own: SecurityContext): Identity {
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  return {
    ...(user === undefined ? {} : { user: `${user}` }),
    ...(group === undefined ? {} : { group }),
    supplementalGroups: [...new Set(groups)],
    supplementalGroupsPolicy: shared.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
  };
}

function seccomp(wanted: Profile | undefined, settings: SecuritySettings): SecurityProfile {
  const found = profile(wanted, { type: settings.seccompDefault ? 'runtimeDefault' : 'unconfined' });
  if (found.localhost === undefined) return found;
  return { type: 'localhost', localhost: `${settings.seccompProfileRoot}/${found.localhost}` };
}

function profile(wanted: Profile | undefined, otherwise: SecurityProfile): SecurityProfile {
  if (wanted === undefined) return otherwise;
  if (wanted.type === 'Unconfined') return { type: 'unconfined' };
  if (wanted.type !== 'Localhost') return { type: 'runtimeDefault' };
  return { type: 'localhost', localhost: wanted.localhostProfile ?? '' };
}

/** Start of the annotations by which AppArmor was asked for before it had a field; the container's name follows. */
export const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

function annotatedProfile(pod: Pod, container: AnyContainer): Profile | undefined {
  const text = pod.metadata.annotations?.[`${appArmorAnnotation}${container.name}`];
  if (text === undefined) return undefined;
  if (text === 'unconfined') return { type: 'Unconfined' };
  if (!text.startsWith('localhost/')) return { type: 'RuntimeDefault' };
  return { type: 'Localhost', localhostProfile: text.slice('localhost/'.length) };
}

export interface ImageUser {
  readonly uid?: number;
  readonly username?: string;
}

/** Refuses what runAsNonRoot forbids. `image` says which user the image names. Throws ConfigurationError. */
export function verifyNonRoot(pod: Pod, container: AnyContainer, image: ImageUser, describe: string): void {
  const { shared, own } = contexts(pod, container);
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true) return;
  const about = `(pod: "${describe}", container: ${container.name})`;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user === 0) throw new ConfigurationError(`container's runAsUser breaks non-root policy ${about}`);
  if (user === undefined) verifyImageUser(image, about);
}

function verifyImageUser(image: ImageUser, about: string): void {
  if (image.uid !== undefined && image.uid !== 0) return;
  const named = image.uid === undefined && !['', 'root'].includes(image.username ?? '');
  if (!named) throw new ConfigurationError(`container has runAsNonRoot and image will run as root ${about}`);
  throw new ConfigurationError(
    `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${about}`,
  );
}
