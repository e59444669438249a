/** 5.3 to 5.6: networks, Secrets and namespaces, as users have made use of them. */
import { none, pass, several, warn, type Check, type Outcome } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isSystemNamespace, nameOf, userPods } from './people.ts';

/** The service proxy writes their rules; where it does not run, nobody does. */
function policiesInEffect({ objects, kubelets }: Facts): Outcome {
  const served = new Set(
    objects.pods
      .filter(({ metadata }) => metadata.namespace === 'kube-system' && metadata.labels?.['k8s-app'] === 'kube-proxy')
      .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
      .map(({ spec }) => spec?.nodeName),
  );
  return none(
    kubelets.map(({ node }) => node).filter((node) => !served.has(node)),
    `the service proxy, which writes them as nftables rules, runs on each of ${kubelets.length} nodes`,
    (list) => `the service proxy, which writes their rules, does not run on: ${list}`,
    'see: kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide',
  );
}

function networkPolicies({ objects }: Facts): Outcome {
  const covered = new Set(objects.networkPolicies.map(({ metadata }) => metadata.namespace));
  const used = new Set(userPods(objects).map(({ metadata }) => metadata.namespace));
  const open = objects.namespaces
    .map(({ metadata }) => metadata.name)
    .filter((name) => !isSystemNamespace(name) && !covered.has(name));
  return none(
    open.map((name) => (used.has(name) ? `${name} (with pods)` : name)),
    `all of ${objects.namespaces.filter(({ metadata }) => !isSystemNamespace(metadata.name)).length} namespaces have NetworkPolicies`,
    (list) => `every pod may speak with every pod, as upstream, in: ${list}`,
    'write a NetworkPolicy for each, first one that denies all',
    warn,
  );
}

function secretsInEnvironment({ objects }: Facts): Outcome {
  const told = userPods(objects).filter(({ spec }) =>
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(
      ({ env = [], envFrom = [] }) =>
        env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) ||
        envFrom.some(({ secretRef }) => secretRef !== undefined),
    ),
  );
  return none(
    told.map(nameOf),
    'no pod has a Secret in its environment',
    (list) => `pods have Secrets in their environment, where child processes and crash reports see them: ${list}`,
    'mount them as files',
    warn,
  );
}

function imageProvenance({ objects }: Facts): Outcome {
  if (objects.podGuards.length > 0)
    return pass(`pods, and so their images, are looked at by ${several(objects.podGuards)}`);
  return warn(
    'nothing looks at where images come from, as upstream',
    'write a ValidatingAdmissionPolicy on images, or a webhook for pods',
  );
}

function boundaries({ objects }: Facts): Outcome {
  const used = [...new Set(userPods(objects).map(({ metadata }) => metadata.namespace ?? ''))];
  if (used.length === 1 && used[0] === 'default') {
    return warn('all pods are in the namespace default', 'give each team or application a namespace');
  }
  return pass(
    used.length === 0
      ? 'there are no pods but the system’s own'
      : `pods are in ${used.length} namespaces: ${several(used)}`,
  );
}

function seccomp({ objects }: Facts): Outcome {
  const bare = userPods(objects).filter(({ spec }) =>
    (spec?.containers ?? []).some(
      ({ securityContext }) =>
        (securityContext?.seccompProfile ?? spec?.securityContext?.seccompProfile)?.type === undefined,
    ),
  );
  return none(
    bare.map(nameOf),
    'every pod names a seccomp profile',
    (list) => `pods run without a seccomp profile: ${list}`,
    'set securityContext.seccompProfile.type: RuntimeDefault',
    warn,
  );
}

function securityContexts({ objects }: Facts): Outcome {
  const bare = userPods(objects).filter(
    ({ spec }) =>
      Object.keys(spec?.securityContext ?? {}).length === 0 &&
      (spec?.containers ?? []).some(({ securityContext }) => Object.keys(securityContext ?? {}).length === 0),
  );
  return none(
    bare.map(nameOf),
    'every pod says under which security context it runs',
    (list) => `pods have no security context: ${list}`,
    'set securityContext in the pods or their containers',
    warn,
  );
}

function defaultNamespace({ objects }: Facts): Outcome {
  const pods = userPods(objects).filter(({ metadata }) => metadata.namespace === 'default');
  const services = objects.services.filter((name) => name.startsWith('default/') && name !== 'default/kubernetes');
  return none(
    [...pods.map(nameOf), ...services],
    'nothing but the Service kubernetes is in it',
    (list) => `in the namespace default are: ${list}`,
    'move them to namespaces of their own',
    warn,
  );
}

export const policyChecks: readonly Check[] = [
  {
    id: '5.3.1',
    title: 'NetworkPolicies are put into effect',
    look: policiesInEffect,
  },
  { id: '5.3.2', title: 'All namespaces have NetworkPolicies', look: networkPolicies },
  { id: '5.4.1', title: 'Secrets are files rather than environment variables', look: secretsInEnvironment },
  {
    id: '5.4.2',
    title: 'Secrets are kept outside of the cluster',
    look: () =>
      warn(
        'a matter to consider: Secrets are in the store, encrypted (1.2.27)',
        'for instance a secrets operator, or a CSI driver',
      ),
  },
  { id: '5.5.1', title: 'Images come from where they should', look: imageProvenance },
  { id: '5.6.1', title: 'Namespaces separate teams and applications', look: boundaries },
  { id: '5.6.2', title: 'Pods name a seccomp profile', look: seccomp },
  { id: '5.6.3', title: 'Pods have security contexts', look: securityContexts },
  { id: '5.6.4', title: 'The namespace default is not used', look: defaultNamespace },
];
