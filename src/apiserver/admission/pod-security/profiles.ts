/** AppArmor, SELinux and seccomp: profiles may be narrowed, not taken off. */
import {
  containersText,
  plural,
  quoteAll,
  settersText,
  sortedSet,
  type CheckPod,
  type Container,
  type Spec,
} from './check.ts';

interface Profile {
  readonly type?: string;
}

type Contexts = NonNullable<Spec['securityContext']> | NonNullable<Container['securityContext']>;

const narrow: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost']);
const isWide = (profile: Profile | undefined): boolean => profile !== undefined && !narrow.has(profile.type ?? '');

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: CheckPod = ({ annotations, spec, containers }) => {
  const of = (context: Contexts | undefined): Profile | undefined => context?.appArmorProfile;
  const pod = isWide(of(spec.securityContext));
  const bad = containers.filter(({ securityContext }) => isWide(of(securityContext)));
  const marks = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !isNarrowAppArmor(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .toSorted();
  const types = [...(pod ? [spec.securityContext] : []), ...bad.map(({ securityContext }) => securityContext)];
  const values = [...sortedSet(types.map((each) => of(each)?.type ?? '')), ...marks];
  const who = [settersText(pod, bad), marks.length === 0 ? '' : plural(marks.length, 'annotation', 'annotations')]
    .filter((each) => each !== '')
    .join(' and ');
  if (who === '') return undefined;
  return {
    reason: plural(values.length, 'forbidden AppArmor profile', 'forbidden AppArmor profiles'),
    detail: `${who} must not set AppArmor profile type to ${quoteAll(values)}`,
  };
};

const isNarrowAppArmor = (value: string): boolean =>
  value === '' || value === 'runtime/default' || value.startsWith('localhost/');

const podSeccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

/** Before version 1.19 profiles were annotations. */
export const seccompAnnotations: CheckPod = ({ annotations, containers }) => {
  const keys = [podSeccompAnnotation, ...containers.map(({ name }) => containerSeccompPrefix + name)];
  const bad = sortedSet(
    keys.flatMap((key) => {
      const value = annotations[key];
      return value === undefined || isNarrowSeccomp(value) ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  if (bad.length === 0) return undefined;
  const what = plural(bad.length, 'annotation', 'annotations');
  return { reason: 'seccompProfile', detail: `forbidden ${what} ${bad.join(', ')}` };
};

const isNarrowSeccomp = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');

export const seccompProfile: CheckPod = ({ spec, containers }) => {
  const of = (context: Contexts | undefined): Profile | undefined => context?.seccompProfile;
  const pod = isWide(of(spec.securityContext));
  const bad = containers.filter(({ securityContext }) => isWide(of(securityContext)));
  const who = settersText(pod, bad);
  if (who === '') return undefined;
  const types = [...(pod ? [spec.securityContext] : []), ...bad.map(({ securityContext }) => securityContext)];
  const values = sortedSet(types.map((each) => of(each)?.type ?? ''));
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoteAll(values)}`,
  };
};

/** Level restricted: a profile must be named. */
export const seccompRequired: CheckPod = (subject) => {
  const wide = seccompProfile(subject);
  if (wide !== undefined) return wide;
  const { spec, containers } = subject;
  if (spec.securityContext?.seccompProfile !== undefined) return undefined;
  const bad = containers.filter(({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (bad.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersText(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

export function seLinuxOptions(...types: readonly string[]): CheckPod {
  const allowed = new Set(types);
  return ({ spec, containers }) => {
    const of = (context: Contexts | undefined): { type?: string; user?: string; role?: string } | undefined =>
      context?.seLinuxOptions;
    const isBad = (context: Contexts | undefined): boolean => {
      const { type = '', user = '', role = '' } = of(context) ?? {};
      return !allowed.has(type) || user !== '' || role !== '';
    };
    const pod = isBad(spec.securityContext);
    const bad = containers.filter(({ securityContext }) => isBad(securityContext));
    const who = settersText(pod, bad);
    if (who === '') return undefined;
    const options = [spec.securityContext, ...bad.map(({ securityContext }) => securityContext)].map((each) =>
      of(each),
    );
    const odd = sortedSet(options.map((each) => each?.type ?? '').filter((type) => !allowed.has(type)));
    const what = [
      ...(odd.length > 0 ? [`${plural(odd.length, 'type', 'types')} ${quoteAll(odd)}`] : []),
      ...(options.some((each) => (each?.user ?? '') !== '') ? ['user may not be set'] : []),
      ...(options.some((each) => (each?.role ?? '') !== '') ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    };
  };
}
