/** 5.2: what pods are let in, by the pods there are and by what their namespaces would let in. */
import type { Namespace } from '../../api/core/namespace.ts';
import type { Pod } from '../../api/core/pod.ts';
import { fail, none, pass, several, warn, type Check, type Outcome } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isSystemNamespace, nameOf, userPods } from './people.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];
type Level = 'baseline' | 'restricted';

const enforceLabel = 'pod-security.kubernetes.io/enforce';
const strictness: Readonly<Record<string, number>> = { privileged: 0, baseline: 1, restricted: 2 };

function enforced({ metadata }: Namespace): number {
  return strictness[metadata.labels?.[enforceLabel] ?? 'privileged'] ?? 0;
}

function containersOf({ spec }: Pod): readonly Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])];
}

const some = (test: (container: Container, pod: Pod) => boolean): ((pod: Pod) => boolean) => {
  return (pod) => containersOf(pod).some((container) => test(container, pod));
};

/**
 * Pods that do it fail the check when the pod security level that forbids it is `baseline`, unless their
 * namespace says `privileged` in so many words; at `restricted`, which ordinary images don't meet, they are a
 * warning. So are namespaces that would let such pods in.
 */
function minimize(what: string, level: Level, test: (pod: Pod) => boolean): Check['look'] {
  return ({ objects }: Facts): Outcome => {
    const users = objects.namespaces.filter(({ metadata }) => !isSystemNamespace(metadata.name));
    const allowed = new Set(
      users
        .filter(({ metadata }) => metadata.labels?.[enforceLabel] === 'privileged')
        .map(({ metadata }) => metadata.name),
    );
    const doing = userPods(objects).filter(test);
    const unasked = doing.filter(({ metadata }) => !allowed.has(metadata.namespace ?? ''));
    const remedy = `change the pods, then: kubectl label namespace NAMESPACE ${enforceLabel}=${level}`;
    if (unasked.length > 0) {
      return (level === 'baseline' ? fail : warn)(`pods ${what}: ${several(unasked.map(nameOf))}`, remedy);
    }
    const open = users.filter((each) => enforced(each) < (strictness[level] ?? 0));
    return none(
      open.map(({ metadata }) => metadata.name),
      `no pod may ${what} in any of ${users.length} namespaces`,
      (list) => `no pod does, but pods that ${what} would be let in, as upstream, in: ${list}`,
      `kubectl label namespace NAMESPACE ${enforceLabel}=${level}`,
      warn,
    );
  };
}

function controlMechanism({ settings, objects }: Facts): Outcome {
  const levels = objects.namespaces.filter((each) => enforced(each) > 0).map(({ metadata }) => metadata.name);
  if (!settings.enabledPlugins.includes('PodSecurity') && objects.podGuards.length === 0) {
    return fail(
      'PodSecurity does not run, and nothing else looks at pods',
      'take PodSecurity out of --disable-admission-plugins',
    );
  }
  if (objects.podGuards.length > 0) return pass(`pods are looked at by ${several(objects.podGuards)}`);
  if (levels.length > 0) return pass(`PodSecurity enforces a level in ${several(levels)}`);
  return warn(
    'PodSecurity runs, but no namespace asks for a level, as upstream',
    `kubectl label namespace NAMESPACE ${enforceLabel}=baseline`,
  );
}

function mayBeRoot({ securityContext: own }: Container, { spec }: Pod): boolean {
  const shared = spec?.securityContext;
  const user = own?.runAsUser ?? shared?.runAsUser;
  if (user !== undefined) return user === 0;
  return (own?.runAsNonRoot ?? shared?.runAsNonRoot) !== true;
}

function capabilities({ securityContext }: Container): {
  readonly add: readonly string[];
  readonly drop: readonly string[];
} {
  const { add = [], drop = [] } = securityContext?.capabilities ?? {};
  return { add, drop };
}

function keepsRaw(container: Container): boolean {
  const { add, drop } = capabilities(container);
  return (
    add.some((each) => each === 'NET_RAW' || each === 'ALL') ||
    !drop.some((each) => each === 'NET_RAW' || each === 'ALL')
  );
}

export const podChecks: readonly Check[] = [
  { id: '5.2.1', title: 'Something decides which pods are let in', look: controlMechanism },
  {
    id: '5.2.2',
    title: 'Privileged containers are few',
    look: minimize(
      'run privileged',
      'baseline',
      some(({ securityContext }) => securityContext?.privileged === true),
    ),
  },
  {
    id: '5.2.3',
    title: "Pods that see the machine's processes are few",
    look: minimize("see the machine's processes", 'baseline', ({ spec }) => spec?.hostPID === true),
  },
  {
    id: '5.2.4',
    title: "Pods that share the machine's memory are few",
    look: minimize("share the machine's memory", 'baseline', ({ spec }) => spec?.hostIPC === true),
  },
  {
    id: '5.2.5',
    title: "Pods that use the machine's network are few",
    look: minimize("use the machine's network", 'baseline', ({ spec }) => spec?.hostNetwork === true),
  },
  {
    id: '5.2.6',
    title: 'Containers that may gain rights are few',
    look: minimize(
      'gain rights',
      'restricted',
      some(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false),
    ),
  },
  {
    id: '5.2.7',
    title: 'Containers that run as root are few',
    look: minimize('run as root', 'restricted', some(mayBeRoot)),
  },
  {
    id: '5.2.8',
    title: 'Containers that send raw packets are few',
    look: minimize('send raw packets', 'restricted', some(keepsRaw)),
  },
  {
    id: '5.2.9',
    title: 'Containers with capabilities are few',
    look: minimize(
      'have capabilities',
      'restricted',
      some((each) => !capabilities(each).drop.includes('ALL')),
    ),
  },
  {
    id: '5.2.10',
    title: 'Windows HostProcess containers are few',
    look: minimize(
      'run as processes of a Windows host',
      'baseline',
      some(
        ({ securityContext }, { spec }) =>
          (securityContext?.windowsOptions?.hostProcess ?? spec?.securityContext?.windowsOptions?.hostProcess) === true,
      ),
    ),
  },
  {
    id: '5.2.11',
    title: 'Pods that mount folders of the machine are few',
    look: minimize('mount folders of the machine', 'baseline', ({ spec }) =>
      (spec?.volumes ?? []).some(({ hostPath }) => hostPath !== undefined),
    ),
  },
  {
    id: '5.2.12',
    title: "Pods that use the machine's ports are few",
    look: minimize(
      "use the machine's ports",
      'baseline',
      some(({ ports = [] }) => ports.some(({ hostPort = 0 }) => hostPort > 0)),
    ),
  },
];
