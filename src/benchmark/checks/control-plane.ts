/** 1.3, 1.4, 2 and 3.1: controllers, scheduler, store, and by what users are known. */
import { absent, fail, none, pass, several, warn, type Check, type Outcome } from '../check.ts';
import type { Facts } from '../facts.ts';
import { servingCertificate } from './tls.ts';
import { isSystemNamespace } from './people.ts';

/** The server process listens for the API, and for nothing else that others can reach. */
const noPort = (name: string): Check['look'] => {
  return ({ listeners, api }) => {
    const own = listeners.filter(({ process }) => process === 'server');
    const apiPort = Number(api.tls.address.split(':').at(-1));
    if (!own.some(({ port }) => port === apiPort)) {
      return fail(
        'it could not be seen on which ports the server process listens',
        'run it as root, on the cluster’s machine',
      );
    }
    const open = own.filter(({ port, address }) => port !== apiPort && !isLoopback(address));
    return none(
      open.map(({ address, port }) => `${address}:${port}`),
      `${name} has no port of its own; the server process listens on ${apiPort}, for the API, and on nothing else`,
      (list) => `the server process can also be reached at ${list}`,
      'report it: there should be no such port',
    );
  };
};

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

function ownIdentities({ objects }: Facts): Outcome {
  const bindings = objects.clusterRoleBindings.filter(({ metadata }) => metadata.name.startsWith('system:controller:'));
  const shared = bindings.filter(
    ({ subjects = [] }) => subjects.length !== 1 || subjects[0]?.kind !== 'ServiceAccount',
  );
  if (bindings.length === 0)
    return fail('no controller has a role of its own', 'coracle down && coracle up restores them');
  return none(
    shared.map(({ metadata }) => metadata.name),
    `${bindings.length} controllers have a service account and a role each`,
    (list) => `bindings of controllers that others share: ${list}`,
    'take the other subjects out of them',
  );
}

function rootAuthority({ objects, certificateAuthority }: Facts): Outcome {
  const wrong = objects.namespaces
    .map(({ metadata }) => metadata.name)
    .filter((name) => {
      const map = objects.configMaps.find(
        ({ metadata }) => metadata.namespace === name && metadata.name === 'kube-root-ca.crt',
      );
      return map?.data?.['ca.crt']?.trim() !== certificateAuthority.trim();
    });
  return none(
    wrong,
    `kube-root-ca.crt holds the cluster's authority in all ${objects.namespaces.length} namespaces`,
    (list) => `kube-root-ca.crt is missing or of another authority in: ${list}`,
    'delete it there: it is made again',
  );
}

function signingKey({ files }: Facts): Outcome {
  const key = files.find(({ path }) => path.endsWith('/sa.key'));
  if (key === undefined) return fail('there is no pki/sa.key', 'restore it from a backup');
  return (key.mode & 0o077) === 0
    ? pass(`${key.path}, which only root may read`)
    : fail(`${key.path} may be read by others`, `chmod 600 ${key.path}`);
}

function threshold({ settings }: Facts): Outcome {
  const { terminatedPodThreshold: most } = settings;
  return most > 0 && most <= 12_500
    ? pass(`ended pods beyond ${most} are deleted, as upstream`)
    : fail(`ended pods are kept up to ${most}`, 'report it: this can not be set');
}

const noProfiling = ({ api }: Facts): Outcome =>
  api.profiling.status === 404
    ? pass('the server process has no profiling pages')
    : fail(`/debug/pprof/ is answered with ${api.profiling.status}`, 'report it: there should be none');

export const controlPlaneChecks: readonly Check[] = [
  { id: '1.3.1', title: 'Ended pods are deleted beyond some number', look: threshold },
  { id: '1.3.2', title: "The controller manager's profiling is off", look: noProfiling },
  { id: '1.3.3', title: 'Each controller has an identity of its own', look: ownIdentities },
  { id: '1.3.4', title: 'Tokens are signed with a key that only the server has', look: signingKey },
  { id: '1.3.5', title: 'Pods get the authority that signed the API server', look: rootAuthority },
  {
    id: '1.3.6',
    title: "Kubelets' serving certificates are renewed",
    look: ({ kubelets, now }) =>
      servingCertificate(
        kubelets.map(({ tls }) => tls),
        now,
      ),
  },
  {
    id: '1.3.7',
    title: 'The controller manager is not to be reached from elsewhere',
    look: noPort('the controller manager'),
  },
  { id: '1.4.1', title: "The scheduler's profiling is off", look: noProfiling },
  {
    id: '1.4.2',
    title: 'The scheduler is not to be reached from elsewhere',
    look: noPort('the scheduler'),
  },
];

const noPeers = 'the store is a file of the server process: it has neither clients nor peers over a network';

function storeUnreachable({ listeners }: Facts): Outcome {
  const open = listeners.filter(({ process, port }) => process === 'server' && (port === 2379 || port === 2380));
  if (open.length > 0)
    return fail(`the server process listens on ${several(open.map(({ port }) => String(port)))}`, 'report it');
  return { verdict: 'not-applicable', found: `${noPeers}; nothing listens on 2379 and 2380`, remedy: '' };
}

export const storeChecks: readonly Check[] = [
  { id: '2.1', title: 'The store shows a certificate', look: storeUnreachable },
  { id: '2.2', title: "The store asks for clients' certificates", look: storeUnreachable },
  absent('2.3', "The store's certificates are not self-signed", noPeers),
  absent('2.4', "The store's peers show certificates", noPeers),
  absent('2.5', "The store's peers ask for certificates", noPeers),
  absent('2.6', "The peers' certificates are not self-signed", noPeers),
  absent('2.7', 'The store has a certificate authority of its own', noPeers),
];

function certificateUsers({ settings }: Facts): Outcome {
  const { otherIdentities } = settings;
  if (otherIdentities.length > 0) return pass(`people can be known by ${several(otherIdentities)}`);
  return warn(
    'people can be known only by client certificates, which can not be taken back before they end',
    'set "oidc" or "tokenWebhook" in access.json',
  );
}

function accountUsers({ objects }: Facts): Outcome {
  const endless = objects.secrets.filter(({ type }) => type === 'kubernetes.io/service-account-token');
  return none(
    endless.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    'no Secret holds a token without an end, such as people would use',
    (list) => `Secrets hold tokens without an end: ${list}`,
    'delete them, and use: kubectl create token',
    warn,
  );
}

function bootstrapUsers({ objects }: Facts): Outcome {
  const tokens = objects.secrets.filter(
    ({ type, metadata, data = {} }) =>
      type === 'bootstrap.kubernetes.io/token' &&
      isSystemNamespace(metadata.namespace ?? '') &&
      data['expiration'] === undefined,
  );
  return none(
    tokens.map(({ metadata }) => metadata.name),
    'there is no bootstrap token without an end',
    (list) => `bootstrap tokens without an end: ${list}`,
    'delete them once their nodes have joined: kubectl -n kube-system delete secret NAME',
    warn,
  );
}

export const identityChecks: readonly Check[] = [
  { id: '3.1.1', title: 'People are not known by client certificates', look: certificateUsers },
  { id: '3.1.2', title: "People do not use service accounts' tokens", look: accountUsers },
  { id: '3.1.3', title: 'People do not use bootstrap tokens', look: bootstrapUsers },
];
