/** 1.2: the API server, by what it answers. */
import { absent, fail, none, pass, several, warn, type Check, type Outcome } from '../check.ts';
import { tokenSecondsAsked, type Answer, type Facts } from '../facts.ts';
import { auditLogChecks } from './audit-log.ts';
import { ciphers, servingCertificate } from './tls.ts';

/** What upstream lets anybody ask. */
const harmless: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);

const inProcess = 'the store is a part of the server process: no connection leads to it';
const access = 'the file access.json in the data directory';
const restart = 'coracle down && coracle up';

function anonymous({ api }: Facts): Outcome {
  const answered = Object.entries(api.anonymous).filter(([, status]) => status !== 401 && status !== 403);
  const open = answered.filter(([path]) => !harmless.has(path)).map(([path, status]) => `${path} (${status})`);
  const off = `set "anonymous": false in ${access}, then: ${restart}`;
  if (open.length > 0) {
    return fail(
      `without credentials it answers ${several(open)}`,
      `take away the bindings of system:anonymous and system:unauthenticated, or ${off}`,
    );
  }
  if (answered.length === 0) return pass('without credentials it answers nothing');
  return warn(`without credentials it answers ${several(answered.map(([path]) => path))} and nothing else`, off);
}

/** Whether the plugin did what it is for, in a dry run. */
function refused({ status, message }: Answer, code: number, good: string, bad: string, remedy: string): Outcome {
  return status === code ? pass(`${good}: ${message}`) : fail(`${bad} (${status} ${message})`, remedy);
}

const enable = (plugin: string): string => `coracle down && coracle up --enable-admission-plugins ${plugin}`;
const notDisabled = (plugin: string): string => `take ${plugin} out of --disable-admission-plugins, then: ${restart}`;

function plugin(name: string, why: string): Check['look'] {
  return ({ settings }) =>
    settings.enabledPlugins.includes(name) ? pass(`${name} runs`) : warn(`${name} does not run; ${why}`, enable(name));
}

function externalAddresses({ api }: Facts): Outcome {
  const { status, message } = api.dryRuns.serviceWithExternalAddress;
  if (status === 403) return pass(`a Service with externalIPs is refused: ${message}`);
  return warn('a Service may claim any external address', enable('DenyServiceExternalIPs'));
}

function kubeletClient({ kubelets, files }: Facts): Outcome {
  const key = files.find(({ path }) => path.endsWith('apiserver-kubelet-client.key'));
  if (key === undefined) return fail('there is no apiserver-kubelet-client.key', restart);
  const open = kubelets.filter(({ anonymous: answer }) => answer.status !== 401).map(({ node }) => node);
  return none(
    open,
    'the server shows kubelets a client certificate of its own, and they answer nobody without one',
    (list) => `kubelets answer without one: ${list}`,
    'see 4.2.1',
  );
}

function kubeletAuthority({ kubelets }: Facts): Outcome {
  const bad = kubelets.filter(({ tls }) => tls.distrusted !== undefined);
  return none(
    bad.map(({ node, tls }) => `${node}: ${tls.distrusted}`),
    `the server trusts only kubelets whose certificate the cluster's authority signed, as it is with all ${kubelets.length}`,
    (list) => `kubelets with certificates that the server does not trust: ${list}`,
    `delete pki/kubelet-NODE.crt in the data directory, then: ${restart}`,
  );
}

function notAlwaysAllow({ api, settings }: Facts): Outcome {
  const loose = settings.authorizationModes.includes('AlwaysAllow') ? ['the mode AlwaysAllow is set'] : [];
  const may = api.strangerMay.map((what) => `somebody whom nobody has given anything may ${what}`);
  return none(
    [...loose, ...may],
    'somebody whom nobody has given anything may do nothing of what was asked',
    (list) => list,
    `take AlwaysAllow out of authorization.modes in ${access}, and look for bindings of system:authenticated`,
  );
}

const mode = (name: string): Check['look'] => {
  return ({ settings }) => {
    const { authorizationModes: modes } = settings;
    if (modes.includes(name)) return pass(`the modes are ${modes.join(', ')}`);
    return fail(`the modes are ${modes.join(', ')}`, `add ${name} to authorization.modes in ${access}`);
  };
};

function nodeMode(facts: Facts): Outcome {
  const { strangeNodeMay } = facts.api;
  const outcome = mode('Node')(facts);
  if (outcome.verdict === 'fail' || strangeNodeMay.length === 0) return outcome;
  return fail(`a node may ${several(strangeNodeMay)}`, 'look for bindings of the group system:nodes');
}

function serviceAccount({ api }: Facts): Outcome {
  const { status, message, object } = api.dryRuns.pod;
  if (status >= 300) return fail(`a pod could not be tried: ${message}`, 'see: kubectl get serviceaccount default');
  const { serviceAccountName, volumes = [] } = object?.spec ?? {};
  const token = volumes.some(({ projected }) => (projected?.sources ?? []).some((each) => each.serviceAccountToken));
  return serviceAccountName !== undefined && token
    ? pass(`a new pod gets the account ${serviceAccountName} and a token that ends`)
    : fail('a new pod gets no account or no token', notDisabled('ServiceAccount'));
}

function alwaysPull({ api }: Facts): Outcome {
  const policy = api.dryRuns.pod.object?.spec?.containers[0]?.imagePullPolicy;
  if (policy === 'Always') return pass('a new pod with imagePullPolicy IfNotPresent gets Always');
  return warn('whoever runs on a node may use images that others have pulled there', enable('AlwaysPullImages'));
}

function tokenKeys({ api }: Facts): Outcome {
  const { signing, verifying } = api.keyFiles;
  const unknown = api.publishedKeys.filter((key) => !verifying.includes(key));
  if (unknown.length > 0)
    return fail(`the server publishes keys that pki/sa.pub does not hold: ${several(unknown)}`, restart);
  if (!verifying.includes(signing))
    return fail('pki/sa.key is not one of the keys of pki/sa.pub', 'restore both files from a backup');
  return pass(`tokens are signed with ${signing}, a key for nothing else; ${verifying.length} keys verify them`);
}

function clientAuthority({ api }: Facts): Outcome {
  const { administrator, foreignCertificate } = api;
  if (foreignCertificate.status !== 401) {
    return fail(`a client certificate of another authority is answered with ${foreignCertificate.status}`, restart);
  }
  return administrator.status === 200
    ? pass(`certificates of the cluster's authority are known (${administrator.message}), those of another are refused`)
    : fail(`the administrator's own certificate is answered with ${administrator.status}`, restart);
}

function encryption({ store }: Facts): Outcome {
  if (store.searched === 0) return pass('there is no Secret yet whose content could be looked for in the store');
  return none(
    store.inPlainText,
    `${store.searched} Secrets were looked for in the raw bytes of the store: none lies there in plain text, ${store.sealed} are sealed`,
    (list) => `Secrets lie in the store in plain text: ${list}`,
    'coracle secrets rotate',
  );
}

function encryptionProvider({ store }: Facts): Outcome {
  return store.keyBits === 256
    ? pass('AES-GCM with a key of 256 bits, a new nonce for each record, bound to the name of the object')
    : fail(`the key in pki/secrets-keys.json has ${store.keyBits} bits`, 'restore the file from a backup');
}

function tokenExpiry({ api }: Facts): Outcome {
  const { tokenSeconds: seconds } = api;
  if (seconds === 0) return fail('no pod could get a token, so it could not be seen', 'see: coracle status');
  const found = `a pod's token asked for ${tokenSecondsAsked} s is good for ${seconds} s`;
  if (seconds <= tokenSecondsAsked) return pass(found);
  return warn(
    `${found}, as upstream, for programs that read theirs but once`,
    `set "extendServiceAccountTokens": false in ${access}, then: ${restart}`,
  );
}

export const apiServerChecks: readonly Check[] = [
  { id: '1.2.1', title: 'Anonymous requests are refused', look: anonymous },
  {
    id: '1.2.2',
    title: 'No static token file is used',
    look: ({ settings }) =>
      settings.tokenFile
        ? fail('access.json names a tokenFile: its tokens never end', `take it out of ${access}, then: ${restart}`)
        : pass('there is none'),
  },
  { id: '1.2.3', title: 'Services may not claim external addresses', look: externalAddresses },
  { id: '1.2.4', title: 'The API server shows kubelets a client certificate', look: kubeletClient },
  { id: '1.2.5', title: "The API server verifies kubelets' certificates", look: kubeletAuthority },
  { id: '1.2.6', title: 'Not everything is allowed', look: notAlwaysAllow },
  { id: '1.2.7', title: 'The Node authoriser decides on nodes', look: nodeMode },
  { id: '1.2.8', title: 'RBAC decides', look: mode('RBAC') },
  {
    id: '1.2.9',
    title: 'Events are limited',
    look: plugin('EventRateLimit', 'requests are limited by fairness between users'),
  },
  {
    id: '1.2.10',
    title: 'The plugin AlwaysAdmit does not run',
    look: ({ settings }) =>
      settings.enabledPlugins.includes('AlwaysAdmit')
        ? fail('AlwaysAdmit runs', notDisabled('AlwaysAdmit'))
        : pass(`it does not; ${settings.enabledPlugins.length} others do`),
  },
  { id: '1.2.11', title: 'Images are pulled always', look: alwaysPull },
  { id: '1.2.12', title: 'The plugin ServiceAccount runs', look: serviceAccount },
  {
    id: '1.2.13',
    title: 'The plugin NamespaceLifecycle runs',
    look: ({ api }) =>
      refused(
        api.dryRuns.objectInMissingNamespace,
        404,
        'an object in a namespace that does not exist is refused',
        'an object in a namespace that does not exist is taken',
        notDisabled('NamespaceLifecycle'),
      ),
  },
  {
    id: '1.2.14',
    title: 'The plugin NodeRestriction runs',
    look: ({ api }) =>
      refused(
        api.foreignNodeWrite,
        403,
        'a node may not change another',
        'a node could change another',
        notDisabled('NodeRestriction'),
      ),
  },
  {
    id: '1.2.15',
    title: 'Profiling is off',
    look: ({ api }) =>
      refused(
        api.profiling,
        404,
        'there are no profiling pages',
        '/debug/pprof/ is answered',
        'report it: there should be none',
      ),
  },
  ...auditLogChecks,
  absent(
    '1.2.20',
    'Requests have a time limit',
    'there is nothing to set: heads must be there within 10 s and requests within 120 s',
  ),
  {
    id: '1.2.21',
    title: 'Tokens of accounts that are gone are refused',
    look: ({ api }) =>
      api.orphanTokenAccepted
        ? fail(
            'a token, properly signed, of an account that does not exist was accepted',
            'report it: this can not be set',
          )
        : pass('a token, properly signed, of an account that does not exist was refused'),
  },
  { id: '1.2.22', title: "Service accounts' tokens have keys of their own", look: tokenKeys },
  absent('1.2.23', 'The API server shows the store a certificate', inProcess),
  {
    id: '1.2.24',
    title: 'The API server has a certificate that clients trust',
    look: ({ api, now }) => servingCertificate([api.tls], now),
  },
  { id: '1.2.25', title: 'Client certificates are verified', look: clientAuthority },
  absent('1.2.26', "The API server verifies the store's certificate", inProcess),
  { id: '1.2.27', title: 'Secrets are encrypted at rest', look: encryption },
  { id: '1.2.28', title: 'The encryption at rest is a strong one', look: encryptionProvider },
  { id: '1.2.29', title: 'The API server speaks only strong ciphers', look: ({ api }) => ciphers([api.tls]) },
  { id: '1.2.30', title: 'Tokens are not good for longer than was asked', look: tokenExpiry },
];
