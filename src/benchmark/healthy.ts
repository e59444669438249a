/** A cluster of which every check has nothing bad to say, for tests to spoil. */
import { checks } from './benchmark.ts';
import { auditedRequests, tokenSecondsAsked, type Answer, type FileFact, type Facts, type TlsFact } from './facts.ts';

/** 2026-01-01 */
export const now = 1_767_225_600_000;
const day = 24 * 3_600_000;

export const tls: TlsFact = { address: '127.0.0.1:6443', expires: now + 300 * day, oldVersions: [], weakCiphers: [] };
export const answer = (status: number, message = ''): Answer => ({ status, message });

export const file = (path: string, purpose: FileFact['purpose'], mode = 0o600): FileFact => ({
  path,
  purpose,
  directory: false,
  mode,
  uid: 0,
  gid: 0,
});

const metadata = (name: string, namespace?: string, labels?: Record<string, string>): never =>
  ({ name, ...(namespace === undefined ? {} : { namespace }), ...(labels === undefined ? {} : { labels }) }) as never;

const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

export const healthy: Facts = {
  now,
  certificateAuthority: 'PEM\n',
  files: [
    file('/data/cluster.json', 'settings'),
    { ...file('/data/store', 'store', 0o700), directory: true },
    file('/data/pki/admin.key', 'administrator'),
    { ...file('/data/pki', 'pki', 0o700), directory: true },
    file('/data/pki/ca.crt', 'certificate', 0o644),
    file('/data/pki/sa.key', 'key'),
    file('/data/pki/apiserver-kubelet-client.key', 'key'),
    file('/data/pki/kube-proxy.key', 'proxy'),
    file('/data/pki/node-one.key', 'node'),
    file('/data/pki/ca.crt', 'authority', 0o644),
    file('/etc/cni/net.d/10.conflist', 'network'),
  ],
  settings: {
    tokenFile: false,
    otherIdentities: ['https://id.example.com'],
    authorizationModes: ['Node', 'RBAC'],
    enabledPlugins: ['NamespaceLifecycle', 'PodSecurity', 'EventRateLimit'],
    auditLog: {
      path: '/data/logs/audit.log',
      maxBytes: 100 * 1024 * 1024,
      backups: 10,
      rotateAfterDays: 7,
      file: file('/data/logs/audit.log', 'settings'),
      levels: Object.fromEntries(Object.keys(auditedRequests).map((what) => [what, 'Metadata'])),
    },
    terminatedPodThreshold: 12_500,
  },
  api: {
    tls,
    anonymous: { '/healthz': 401, '/version': 401, '/api/v1/pods': 401 },
    foreignCertificate: answer(401),
    administrator: answer(200, 'kubernetes-admin'),
    orphanTokenAccepted: false,
    strangerMay: [],
    strangeNodeMay: [],
    foreignNodeWrite: answer(403, 'not allowed to modify node'),
    profiling: answer(404),
    dryRuns: {
      pod: {
        ...answer(201),
        object: {
          spec: {
            serviceAccountName: 'default',
            containers: [{ name: 'a', imagePullPolicy: 'Always' }],
            volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
          },
        } as never,
      },
      serviceWithExternalAddress: answer(403, 'denied'),
      objectInMissingNamespace: answer(404, 'not found'),
    },
    publishedKeys: ['k1'],
    keyFiles: { signing: 'k1', verifying: ['k1'] },
    tokenSeconds: tokenSecondsAsked,
  },
  store: { searched: 3, inPlainText: [], sealed: 3, keyBits: 256 },
  listeners: [{ process: 'server', address: '::', port: 6443 }],
  kubelets: [
    {
      node: 'one',
      tls: { ...tls, address: '10.0.0.1:10250' },
      anonymous: answer(401),
      stranger: answer(403),
      foreignCertificate: answer(401),
      streamingIdleTimeout: 14_400,
      podPidsLimit: 4096,
      seccompDefault: true,
    },
  ],
  objects: {
    namespaces: [{ metadata: metadata('kube-system') }, { metadata: metadata('team', undefined, restricted) }] as never,
    pods: [
      {
        metadata: metadata('kube-proxy-1', 'kube-system', { 'k8s-app': 'kube-proxy' }),
        spec: { nodeName: 'one', hostNetwork: true, containers: [{ name: 'kube-proxy' }] },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
      {
        metadata: metadata('web', 'team'),
        spec: {
          serviceAccountName: 'web',
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            { name: 'web', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
          ],
        },
      },
    ] as never,
    secrets: [],
    configMaps: ['kube-system', 'team'].map((namespace) => ({
      metadata: metadata('kube-root-ca.crt', namespace),
      data: { 'ca.crt': 'PEM\n' },
    })) as never,
    serviceAccounts: [{ metadata: metadata('default', 'team'), automountServiceAccountToken: false }] as never,
    roles: [],
    clusterRoles: [
      {
        kind: 'ClusterRole',
        metadata: metadata('cluster-admin', undefined, { 'kubernetes.io/bootstrapping': 'rbac-defaults' }),
        rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      },
    ] as never,
    roleBindings: [],
    clusterRoleBindings: [
      {
        metadata: metadata('cluster-admin'),
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'Group', name: 'system:masters' }],
      },
      {
        metadata: metadata('system:controller:job-controller'),
        roleRef: { kind: 'ClusterRole', name: 'system:controller:job-controller' },
        subjects: [{ kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' }],
      },
    ] as never,
    networkPolicies: [{ metadata: metadata('deny', 'team') }] as never,
    podGuards: ['webhook images'],
    services: ['default/kubernetes'],
  },
};

/** What one check says. */
export function look(id: string, facts: Facts): ReturnType<(typeof checks)[number]['look']> {
  const check = checks.find((each) => each.id === id);
  if (check === undefined) throw new Error(`there is no check ${id}`);
  return check.look(facts);
}
