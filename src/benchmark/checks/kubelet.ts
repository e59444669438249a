/** 4.2 and 4.3: kubelets and service proxies, by what they answer. */
import { absent, fail, none, warn, type Check } from '../check.ts';
import type { Facts, KubeletFacts } from '../facts.ts';
import { ciphers, servingCertificate } from './tls.ts';

/** Passes when every kubelet does. */
function each(
  wrong: (kubelet: KubeletFacts) => string | undefined,
  good: string,
  remedy: string,
  judge: typeof fail = fail,
): Check['look'] {
  return ({ kubelets }: Facts) => {
    if (kubelets.length === 0) return fail('no node was asked', 'see: kubectl get nodes');
    const bad = kubelets.flatMap((kubelet) => {
      const sentence = wrong(kubelet);
      return sentence === undefined ? [] : [`${kubelet.node}: ${sentence}`];
    });
    return none(bad, `${good} (${kubelets.map(({ node }) => node).join(', ')})`, (list) => list, remedy, judge);
  };
}

const report = 'report it: this can not be set';

const answered =
  (
    of: (kubelet: KubeletFacts) => KubeletFacts['anonymous'],
    code: number,
  ): ((kubelet: KubeletFacts) => string | undefined) =>
  (kubelet) => {
    const { status, message } = of(kubelet);
    return status === code ? undefined : status === 0 ? message : `it was answered with ${status}`;
  };

function proxyMetrics({ listeners }: Facts): ReturnType<Check['look']> {
  const open = listeners.filter(
    ({ port, address }) => port === 10_249 && !address.startsWith('127.') && address !== '::1',
  );
  return none(
    open.map(({ process, address }) => `${process} on ${address}`),
    'nothing listens on 10249: the service proxy has no port of its own',
    (list) => `metrics can be reached from elsewhere: ${list}`,
    report,
  );
}

export const kubeletChecks: readonly Check[] = [
  {
    id: '4.2.1',
    title: 'Kubelets refuse anonymous requests',
    look: each(
      answered(({ anonymous }) => anonymous, 401),
      'GET /pods without credentials is answered with 401',
      report,
    ),
  },
  {
    id: '4.2.2',
    title: 'Kubelets ask the API server who may do what',
    look: each(
      answered(({ stranger }) => stranger, 403),
      'GET /pods of somebody whom nobody has given anything is answered with 403',
      'look for bindings of system:authenticated on nodes',
    ),
  },
  {
    id: '4.2.3',
    title: "Kubelets verify clients' certificates",
    look: each(
      answered(({ foreignCertificate }) => foreignCertificate, 401),
      'a certificate of another authority is answered with 401',
      report,
    ),
  },
  {
    id: '4.2.4',
    title: 'There is no read-only port',
    look: each(
      ({ readOnlyPort }) => (readOnlyPort === undefined ? undefined : `port 10255 answers: ${readOnlyPort}`),
      'nothing answers on port 10255',
      'find out what it is: ss -ltnp sport = 10255',
    ),
  },
  {
    id: '4.2.5',
    title: 'Idle streams are cut off at some time',
    look: each(
      ({ streamingIdleTimeout: seconds }) => (seconds > 0 ? undefined : 'exec and port-forward stay open for ever'),
      'exec, attach and port-forward over which nothing goes are cut off',
      'set streamingConnectionIdleTimeout in a file for: coracle up --kubelet-config FILE',
    ),
  },
  absent(
    '4.2.6',
    'Kubelets make the iptables chains they need',
    'rules are nftables tables of their own, written whole by the service proxy',
  ),
  absent(
    '4.2.7',
    "The host's name is not overridden",
    'nodes are called after the cluster; their certificates name them so',
  ),
  absent(
    '4.2.8',
    'Enough events are recorded',
    'there is no rate to set: repeated events are counted up, and 25 at once of one object pass',
  ),
  {
    id: '4.2.9',
    title: 'Kubelets have certificates that clients trust',
    look: ({ kubelets, now }) =>
      servingCertificate(
        kubelets.map(({ tls }) => tls),
        now,
      ),
  },
  {
    id: '4.2.10',
    title: "Kubelets' client certificates are renewed",
    look: ({ kubelets, now, files }) => {
      const keys = files.filter(({ purpose }) => purpose === 'node').length;
      if (keys < kubelets.length)
        return fail(`${keys} nodes of ${kubelets.length} have credentials`, 'coracle down && coracle up');
      return servingCertificate(
        kubelets.map(({ tls }) => tls),
        now,
      );
    },
  },
  {
    id: '4.2.11',
    title: "Kubelets' serving certificates are renewed",
    look: ({ kubelets, now }) =>
      servingCertificate(
        kubelets.map(({ tls }) => tls),
        now,
      ),
  },
  {
    id: '4.2.12',
    title: 'Kubelets speak only strong ciphers',
    look: ({ kubelets }) => ciphers(kubelets.map(({ tls }) => tls)),
  },
  {
    id: '4.2.13',
    title: 'Pods have a limit of processes',
    look: each(
      ({ podPidsLimit: most }) => (most > 0 ? undefined : 'a pod may start as many processes as the machine can bear'),
      'a pod that forks without end is stopped at its own limit',
      'set podPidsLimit in a file for: coracle up --kubelet-config FILE',
      warn,
    ),
  },
  {
    id: '4.2.14',
    title: 'Containers get a seccomp profile unasked',
    look: each(
      ({ seccompDefault }) =>
        seccompDefault ? undefined : 'pods that name no seccomp profile run without one, as upstream',
      'pods that name no seccomp profile get the default one',
      'set securityContext.seccompProfile.type RuntimeDefault in pods; the pod security level restricted demands it',
      warn,
    ),
  },
];

export const proxyChecks: readonly Check[] = [
  { id: '4.3.1', title: "The service proxy's metrics are not to be reached from elsewhere", look: proxyMetrics },
];
