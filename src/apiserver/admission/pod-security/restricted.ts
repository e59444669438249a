/**
 * What level `restricted` asks beyond baseline: no root, no new rights, and only volumes that hold data.
 *
 * Rules and texts: k8s.io/pod-security-admission policy/check_*.go.
 */
import { procMount } from './baseline.ts';
import {
  containersText,
  plural,
  quoteAll,
  settersText,
  sortedSet,
  unlessOwnUsers,
  unlessWindows,
  type Check,
  type CheckPod,
  type Container,
  type Spec,
} from './check.ts';
import { seccompRequired } from './profiles.ts';

const escalation: CheckPod = ({ containers }) => {
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const capabilities: CheckPod = ({ containers }) => {
  const of = ({ securityContext }: Container) => securityContext?.capabilities;
  const addedBy = (container: Container): readonly string[] =>
    (of(container)?.add ?? []).filter((each) => each !== 'NET_BIND_SERVICE');
  const keeping = containers.filter((each) => !(of(each)?.drop ?? []).includes('ALL'));
  const adding = containers.filter((each) => addedBy(each).length > 0);
  const added = quoteAll(sortedSet(adding.flatMap(addedBy)));
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersText(adding)} must not include ${added} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const allowedVolumes: ReadonlySet<string> = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
);

const volumes: CheckPod = ({ spec }) => {
  const typesOf = (volume: NonNullable<Spec['volumes']>[number]): readonly string[] =>
    Object.keys(volume).filter((field) => field !== 'name');
  const bad = (spec.volumes ?? []).filter((each) => !typesOf(each).some((type) => allowedVolumes.has(type)));
  if (bad.length === 0) return undefined;
  const types = sortedSet(bad.map((each) => typesOf(each)[0] ?? 'unknown'));
  const who = `${plural(bad.length, 'volume', 'volumes')} ${quoteAll(bad.map(({ name }) => name))}`;
  const what = plural(types.length, 'restricted volume type', 'restricted volume types');
  return {
    reason: 'restricted volume types',
    detail: `${who} ${plural(bad.length, 'uses', 'use')} ${what} ${quoteAll(types)}`,
  };
};

const runAsNonRoot: CheckPod = ({ spec, containers }) => {
  const own = spec.securityContext?.runAsNonRoot;
  const reason = 'runAsNonRoot != true';
  const explicit = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false);
  const who = settersText(own === false, explicit);
  if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  const silent = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (own === true || silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckPod = ({ spec, containers }) => {
  const root = containers.filter(({ securityContext }) => securityContext?.runAsUser === 0);
  const who = settersText(spec.securityContext?.runAsUser === 0, root);
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
};

export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: [
      [8, escalation],
      [25, unlessWindows(escalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    replaces: 'capabilities_baseline',
    since: [
      [22, capabilities],
      [25, unlessWindows(capabilities)],
    ],
  },
  { id: 'procMount_restricted', level: 'restricted', replaces: 'procMount', since: [[35, procMount]] },
  { id: 'restrictedVolumes', level: 'restricted', replaces: 'hostPathVolumes', since: [[0, volumes]] },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    since: [
      [0, runAsNonRoot],
      [35, unlessOwnUsers(runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: [
      [23, runAsUser],
      [35, unlessOwnUsers(runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    replaces: 'seccompProfile_baseline',
    since: [
      [19, seccompRequired],
      [25, unlessWindows(seccompRequired)],
    ],
  },
];
