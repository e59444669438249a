import { describe, expect, it } from 'vitest';
import { checks, judge } from './benchmark.ts';
import type { Verdict } from './check.ts';
import type { ApiFacts, Facts, KubeletFacts, ObjectFacts, SettingsFacts } from './facts.ts';
import { answer, file, healthy, look, now, tls } from './healthy.ts';

const api = (changes: Partial<ApiFacts>): Facts => ({ ...healthy, api: { ...healthy.api, ...changes } });
const settings = (changes: Partial<SettingsFacts>): Facts => ({
  ...healthy,
  settings: { ...healthy.settings, ...changes },
});
const log = (changes: Partial<NonNullable<SettingsFacts['auditLog']>>): Facts =>
  settings({ auditLog: { ...healthy.settings.auditLog!, ...changes } });
const kubelet = (changes: Partial<KubeletFacts>): Facts => ({
  ...healthy,
  kubelets: [{ ...healthy.kubelets[0]!, ...changes }],
});
const objects = (changes: Partial<ObjectFacts>): Facts => ({ ...healthy, objects: { ...healthy.objects, ...changes } });
const files = (...more: Facts['files']): Facts => ({ ...healthy, files: [...healthy.files, ...more] });
const open = (path: string, purpose: Parameters<typeof file>[1], mode = 0o666): Facts =>
  files(file(path, purpose, mode));
const foreign = (purpose: Parameters<typeof file>[1]): Facts => files({ ...file('/x', purpose), uid: 1000 });

/** A pod in a namespace that enforces nothing. */
function pod(spec: object, labels: Record<string, string> = {}): Facts {
  const container = { name: 'c', securityContext: {} };
  return objects({
    namespaces: [{ metadata: { name: 'loose', labels } }] as never,
    pods: [{ metadata: { name: 'p', namespace: 'loose' }, spec: { containers: [container], ...spec } }] as never,
  });
}

const container = (securityContext: object, more: object = {}): Facts =>
  pod({ containers: [{ name: 'c', securityContext, ...more }] });

/** The user ann with a cluster role of these rules. */
function granted(apiGroup: string, resource: string, verb: string, role = 'own'): Facts {
  const rules = [{ apiGroups: [apiGroup], resources: [resource], verbs: [verb] }];
  return objects({
    clusterRoles: [{ kind: 'ClusterRole', metadata: { name: role }, rules }] as never,
    clusterRoleBindings: [
      {
        metadata: { name: 'b' },
        roleRef: { kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'User', name: 'ann' }],
      },
    ] as never,
  });
}

const account = (name: string): Facts =>
  objects({
    roleBindings: [
      {
        metadata: { name: 'b', namespace: 'team' },
        roleRef: { kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name, namespace: 'team' }],
      },
    ] as never,
  });

const withTls = (changes: Partial<typeof tls>): Facts => ({
  ...kubelet({ tls: { ...tls, ...changes } }),
  api: { ...healthy.api, tls: { ...tls, ...changes } },
});

const levels = { ...healthy.settings.auditLog!.levels };
const { auditLog: _log, ...withoutLog } = healthy.settings;
const noLog: Facts = { ...healthy, settings: withoutLog };
const ending = withTls({ expires: now + 24 * 3_600_000 });
const secret = (type: string, data: Record<string, string> = {}): Facts =>
  objects({ secrets: [{ metadata: { name: 's', namespace: 'kube-system' }, type, data }] as never });

/** Worlds that a check must not pass: its id, what is wrong there, its verdict, and a word of what it found. */
const spoiled: readonly (readonly [string, string, Facts, Verdict, string])[] = [
  ['1.1.1', 'open settings', open('/data/access.json', 'settings', 0o644), 'fail', '/data/access.json has mode 644'],
  ['1.1.2', "settings of somebody else's", foreign('settings'), 'fail', '1000:0'],
  ['1.1.9', 'open network configuration', open('/etc/cni/net.d/1', 'network'), 'fail', '666'],
  ['1.1.10', "network configuration of somebody else's", foreign('network'), 'fail', '1000'],
  ['1.1.11', 'open store', files({ ...file('/data/store', 'store', 0o755), directory: true }), 'fail', '755'],
  ['1.1.12', "store of somebody else's", foreign('store'), 'fail', '1000'],
  ['1.1.13', 'open kubeconfig', open('/root/.kube/config', 'administrator', 0o644), 'fail', '/root/.kube/config'],
  ['1.1.14', "kubeconfig of somebody else's", foreign('administrator'), 'fail', '1000'],
  ['1.1.19', "a key of somebody else's", foreign('key'), 'fail', '1000'],
  ['1.1.20', 'a certificate that all may write', open('/data/pki/a.crt', 'certificate'), 'fail', '666'],
  ['1.1.21', 'a key that all may read', open('/data/pki/a.key', 'key', 0o604), 'fail', '604'],
  ['1.2.1', 'anybody lists pods', api({ anonymous: { '/api/v1/pods': 200 } }), 'fail', '/api/v1/pods (200)'],
  ['1.2.1', 'anybody asks for health', api({ anonymous: { '/healthz': 200, '/api': 403 } }), 'warn', '/healthz and'],
  ['1.2.2', 'a token file', settings({ tokenFile: true }), 'fail', 'never end'],
  [
    '1.2.3',
    'external addresses',
    api({ dryRuns: { ...healthy.api.dryRuns, serviceWithExternalAddress: answer(201) } }),
    'warn',
    'claim',
  ],
  ['1.2.4', 'an open kubelet', kubelet({ anonymous: answer(200) }), 'fail', 'one'],
  ['1.2.4', 'no key for kubelets', { ...healthy, files: [] }, 'fail', 'apiserver-kubelet-client.key'],
  ['1.2.5', 'a strange kubelet', kubelet({ tls: { ...tls, distrusted: 'SELF_SIGNED' } }), 'fail', 'SELF_SIGNED'],
  ['1.2.6', 'AlwaysAllow', settings({ authorizationModes: ['AlwaysAllow'] }), 'fail', 'AlwaysAllow'],
  ['1.2.6', 'strangers may something', api({ strangerMay: ['list Secrets'] }), 'fail', 'list Secrets'],
  ['1.2.7', 'no Node mode', settings({ authorizationModes: ['RBAC'] }), 'fail', 'RBAC'],
  ['1.2.7', 'nodes may something', api({ strangeNodeMay: ['list Secrets'] }), 'fail', 'list Secrets'],
  ['1.2.8', 'no RBAC', settings({ authorizationModes: ['Node'] }), 'fail', 'Node'],
  ['1.2.9', 'no EventRateLimit', settings({ enabledPlugins: [] }), 'warn', 'EventRateLimit'],
  ['1.2.10', 'AlwaysAdmit', settings({ enabledPlugins: ['AlwaysAdmit'] }), 'fail', 'AlwaysAdmit'],
  ['1.2.11', 'IfNotPresent stays', api({ dryRuns: { ...healthy.api.dryRuns, pod: answer(201) } }), 'warn', 'pulled'],
  [
    '1.2.12',
    'no token',
    api({ dryRuns: { ...healthy.api.dryRuns, pod: { ...answer(201), object: { spec: {} } as never } } }),
    'fail',
    'no account',
  ],
  ['1.2.12', 'no pod', api({ dryRuns: { ...healthy.api.dryRuns, pod: answer(403, 'quota') } }), 'fail', 'quota'],
  [
    '1.2.13',
    'taken',
    api({ dryRuns: { ...healthy.api.dryRuns, objectInMissingNamespace: answer(201) } }),
    'fail',
    '201',
  ],
  ['1.2.14', 'a node changes another', api({ foreignNodeWrite: answer(200) }), 'fail', '200'],
  ['1.2.15', 'profiling', api({ profiling: answer(200) }), 'fail', 'pprof'],
  ['1.2.16', 'no log', noLog, 'warn', 'off'],
  ['1.2.16', 'an open log', log({ file: file('/l', 'settings', 0o644) }), 'fail', '/l'],
  ['1.2.17', 'kept for a week', log({ backups: 0 }), 'fail', 'every 7 days'],
  ['1.2.18', 'two backups', log({ backups: 2 }), 'fail', '2'],
  ['1.2.19', 'small files', log({ maxBytes: 1024 * 1024 }), 'fail', '1 MiB'],
  ['1.2.21', 'an orphan is known', api({ orphanTokenAccepted: true }), 'fail', 'does not exist'],
  ['1.2.22', 'a key from elsewhere', api({ publishedKeys: ['k1', 'evil'] }), 'fail', 'evil'],
  ['1.2.22', 'signed with another key', api({ keyFiles: { signing: 'k0', verifying: ['k1'] } }), 'fail', 'sa.key'],
  ['1.2.24', 'not trusted', withTls({ distrusted: 'CERT_HAS_EXPIRED' }), 'fail', 'CERT_HAS_EXPIRED'],
  ['1.2.24', 'not reached', withTls({ unreachable: 'ECONNREFUSED' }), 'fail', 'ECONNREFUSED'],
  ['1.2.24', 'about to end', ending, 'fail', 'in 1 days'],
  ['1.2.25', 'a foreign certificate', api({ foreignCertificate: answer(200) }), 'fail', '200'],
  ['1.2.25', 'an administrator who is not known', api({ administrator: answer(401) }), 'fail', '401'],
  ['1.2.27', 'plain text', { ...healthy, store: { ...healthy.store, inPlainText: ['team/db'] } }, 'fail', 'team/db'],
  ['1.2.28', 'a short key', { ...healthy, store: { ...healthy.store, keyBits: 128 } }, 'fail', '128'],
  ['1.2.29', 'TLS 1.0', withTls({ oldVersions: ['TLSv1'] }), 'fail', 'TLSv1'],
  ['1.2.30', 'a year', api({ tokenSeconds: 31_536_000 }), 'warn', '31536000'],
  ['1.2.30', 'no token', api({ tokenSeconds: 0 }), 'fail', 'could not be seen'],
  ['1.3.1', 'kept for ever', settings({ terminatedPodThreshold: 0 }), 'fail', '0'],
  ['1.3.2', 'profiling', api({ profiling: answer(200) }), 'fail', 'pprof'],
  ['1.3.3', 'no roles', objects({ clusterRoleBindings: [] }), 'fail', 'no controller'],
  ['1.3.4', 'an open key', { ...healthy, files: [file('/p/sa.key', 'key', 0o640)] }, 'fail', 'sa.key'],
  ['1.3.5', 'another authority', { ...healthy, certificateAuthority: 'OTHER' }, 'fail', 'team'],
  ['1.3.6', 'about to end', ending, 'fail', '1 days'],
  [
    '1.3.7',
    'a further port',
    { ...healthy, listeners: [...healthy.listeners, { process: 'server', address: '0.0.0.0', port: 10_257 }] },
    'fail',
    '10257',
  ],
  ['1.3.7', 'no ports to be seen', { ...healthy, listeners: [] }, 'fail', 'could not be seen'],
  ['1.4.1', 'profiling', api({ profiling: answer(200) }), 'fail', 'pprof'],
  [
    '1.4.2',
    'a further port',
    { ...healthy, listeners: [...healthy.listeners, { process: 'server', address: '::', port: 10_259 }] },
    'fail',
    '10259',
  ],
  ['2.1', 'an etcd', { ...healthy, listeners: [{ process: 'server', address: '::', port: 2379 }] }, 'fail', '2379'],
  ['2.2', 'an etcd', { ...healthy, listeners: [{ process: 'server', address: '::', port: 2380 }] }, 'fail', '2380'],
  ['3.1.1', 'only certificates', settings({ otherIdentities: [] }), 'warn', 'client certificates'],
  ['3.1.2', 'a token Secret', secret('kubernetes.io/service-account-token'), 'warn', 'kube-system/s'],
  ['3.1.3', 'a bootstrap token', secret('bootstrap.kubernetes.io/token'), 'warn', 's'],
  ['3.2.1', 'an empty policy', log({ levels: { a: 'None' } }), 'fail', 'nothing'],
  ['3.2.2', 'exec unseen', log({ levels: { ...levels, 'exec into pods': 'None' } }), 'warn', 'exec into pods'],
  [
    '3.2.2',
    'bodies of Secrets',
    log({ levels: { ...levels, 'reading Secrets': 'RequestResponse' } }),
    'fail',
    'reading Secrets at RequestResponse',
  ],
  ['4.1.3', 'open', open('/data/pki/kube-proxy.key', 'proxy'), 'fail', 'kube-proxy'],
  ['4.1.4', "somebody else's", foreign('proxy'), 'fail', '1000'],
  ['4.1.5', 'open', open('/data/pki/node-two.key', 'node'), 'fail', 'node-two'],
  ['4.1.6', "somebody else's", foreign('node'), 'fail', '1000'],
  ['4.1.7', 'all may write', open('/data/pki/ca.crt', 'authority'), 'fail', '666'],
  ['4.1.8', "somebody else's", foreign('authority'), 'fail', '1000'],
  ['4.1.9', 'open', open('/data/cluster.json', 'settings'), 'fail', '666'],
  ['4.1.10', "somebody else's", foreign('settings'), 'fail', '1000'],
  ['4.2.1', 'open', kubelet({ anonymous: answer(200) }), 'fail', '200'],
  ['4.2.1', 'no node', { ...healthy, kubelets: [] }, 'fail', 'no node'],
  ['4.2.2', 'strangers', kubelet({ stranger: answer(200) }), 'fail', '200'],
  ['4.2.3', 'foreigners', kubelet({ foreignCertificate: answer(200) }), 'fail', '200'],
  ['4.2.4', 'a read-only port', kubelet({ readOnlyPort: 'a connection was accepted' }), 'fail', '10255'],
  ['4.2.5', 'never cut', kubelet({ streamingIdleTimeout: 0 }), 'fail', 'for ever'],
  ['4.2.9', 'not trusted', withTls({ distrusted: 'SELF_SIGNED' }), 'fail', 'SELF_SIGNED'],
  ['4.2.10', 'no credentials', { ...healthy, files: [] }, 'fail', '0 nodes of 1'],
  ['4.2.11', 'about to end', ending, 'fail', '1 days'],
  ['4.2.12', 'weak ciphers', withTls({ weakCiphers: ['AES128-SHA'] }), 'fail', 'AES128-SHA'],
  ['4.2.13', 'no limit', kubelet({ podPidsLimit: -1 }), 'warn', 'as many'],
  ['4.2.14', 'no profile', kubelet({ seccompDefault: false }), 'warn', 'seccomp'],
  [
    '4.3.1',
    'open metrics',
    { ...healthy, listeners: [{ process: 'agent-one', address: '0.0.0.0', port: 10_249 }] },
    'fail',
    'agent-one',
  ],
  ['5.1.1', 'another admin', granted('*', '*', '*', 'cluster-admin'), 'fail', 'User ann'],
  ['5.1.2', 'reads Secrets', granted('', 'secrets', 'list'), 'warn', 'User ann (own, by ClusterRoleBinding b)'],
  ['5.1.3', 'a *', granted('apps', '*', 'get'), 'warn', 'ClusterRole own'],
  ['5.1.4', 'creates pods', granted('', 'pods', 'create'), 'warn', 'ann'],
  ['5.1.5', 'rights of default', account('default'), 'fail', 'team/default'],
  [
    '5.1.5',
    'mounted',
    objects({ serviceAccounts: [{ metadata: { name: 'default', namespace: 'team' } }] as never }),
    'warn',
    'team',
  ],
  [
    '5.1.6',
    'a needless token',
    pod({ volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] }),
    'warn',
    'loose/p',
  ],
  ['5.1.7', 'the certificate', healthy, 'warn', 'system:masters'],
  ['5.1.8', 'escalates', granted('rbac.authorization.k8s.io', 'clusterroles', 'escalate'), 'warn', 'ann'],
  ['5.1.8', 'impersonates', granted('', 'users', 'impersonate'), 'warn', 'ann'],
  ['5.1.9', 'creates volumes', granted('', 'persistentvolumes', 'create'), 'warn', 'ann'],
  ['5.1.10', 'proxies', granted('', 'nodes/proxy', 'get'), 'warn', 'ann'],
  [
    '5.1.11',
    'approves',
    granted('certificates.k8s.io', 'certificatesigningrequests/approval', 'update'),
    'warn',
    'ann',
  ],
  ['5.1.12', 'hooks', granted('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'patch'), 'warn', 'ann'],
  ['5.1.13', 'makes tokens', granted('', 'serviceaccounts/token', 'create'), 'warn', 'ann'],
  [
    '5.2.1',
    'nothing decides',
    { ...objects({ podGuards: [] }), settings: { ...healthy.settings, enabledPlugins: [] } },
    'fail',
    'nothing else',
  ],
  ['5.2.1', 'no level', { ...objects({ podGuards: [], namespaces: [] }) }, 'warn', 'no namespace'],
  ['5.2.2', 'privileged', container({ privileged: true }), 'fail', 'loose/p'],
  ['5.2.2', 'none, but let in', pod({ containers: [] }), 'warn', 'let in'],
  ['5.2.3', 'hostPID', pod({ hostPID: true }), 'fail', 'loose/p'],
  ['5.2.4', 'hostIPC', pod({ hostIPC: true }), 'fail', 'loose/p'],
  ['5.2.5', 'hostNetwork', pod({ hostNetwork: true }), 'fail', 'loose/p'],
  ['5.2.6', 'may gain', container({}), 'warn', 'loose/p'],
  ['5.2.7', 'root', container({ runAsUser: 0 }), 'warn', 'pods run as root: loose/p'],
  ['5.2.8', 'NET_RAW', container({ capabilities: { drop: ['KILL'] } }), 'warn', 'pods send raw packets: loose/p'],
  ['5.2.9', 'capabilities', container({ capabilities: { drop: ['NET_RAW'] } }), 'warn', 'pods have capabilities'],
  ['5.2.10', 'HostProcess', container({ windowsOptions: { hostProcess: true } }), 'fail', 'loose/p'],
  ['5.2.11', 'hostPath', pod({ volumes: [{ name: 'h', hostPath: { path: '/' } }] }), 'fail', 'loose/p'],
  ['5.2.12', 'hostPort', container({}, { ports: [{ containerPort: 80, hostPort: 80 }] }), 'fail', 'loose/p'],
  ['5.3.1', 'no service proxy', objects({ pods: [] }), 'fail', 'one'],
  ['5.3.2', 'no policy', objects({ networkPolicies: [] }), 'warn', 'team (with pods)'],
  [
    '5.4.1',
    'in the environment',
    container({}, { env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
    'warn',
    'loose/p',
  ],
  ['5.4.2', 'to consider', healthy, 'warn', 'consider'],
  ['5.5.1', 'nothing looks', objects({ podGuards: [] }), 'warn', 'nothing looks'],
  [
    '5.6.1',
    'all in default',
    objects({ pods: [{ metadata: { name: 'p', namespace: 'default' }, spec: { containers: [] } }] as never }),
    'warn',
    'default',
  ],
  ['5.6.2', 'no profile', container({ runAsUser: 1 }), 'warn', 'loose/p'],
  ['5.6.3', 'no context', container({}), 'warn', 'loose/p'],
  ['5.6.4', 'a Service', objects({ services: ['default/kubernetes', 'default/web'] }), 'warn', 'default/web'],
];

/** They only ever remind somebody. */
const reminders = ['5.1.7', '5.4.2'];

describe('a healthy cluster', () => {
  it('passes every check that has something to look at', () => {
    const bad = judge(healthy).filter(
      ({ verdict, id }) => verdict !== 'pass' && verdict !== 'not-applicable' && !reminders.includes(id),
    );
    expect(bad).toEqual([]);
  });

  it('has ids once, titles, and reasons where nothing applies', () => {
    const findings = judge(healthy);
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
    expect(findings.filter(({ title, found }) => title === '' || found === '')).toEqual([]);
  });
});

describe('a spoiled cluster', () => {
  it.each(spoiled)('%s: %s', (id, _what, facts, verdict, word) => {
    const outcome = look(id, facts);
    expect(outcome).toMatchObject({ verdict, found: expect.stringContaining(word) as string });
    expect(outcome.remedy).not.toBe('');
  });

  it('has a row for every check that looks at something', () => {
    const looking = checks.filter(({ look: check }) => check(healthy).verdict !== 'not-applicable').map(({ id }) => id);
    expect(looking.filter((id) => !spoiled.some(([each]) => each === id))).toEqual([]);
  });
});

describe('what is allowed on purpose', () => {
  it('does not fail pods in a namespace that says privileged', () => {
    const facts = pod({ hostNetwork: true }, { 'pod-security.kubernetes.io/enforce': 'privileged' });
    expect(look('5.2.5', facts).verdict).toBe('warn');
  });

  it('lets folders be entered by whoever may read them', () => {
    expect(look('1.1.11', files({ ...file('/data/store', 'store', 0o700), directory: true })).verdict).toBe('pass');
  });
});
