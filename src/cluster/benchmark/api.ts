/** What the API server answers to nobody, to strangers, to strange nodes, and to forged credentials. */
import type { Pod } from '../../api/core/pod.ts';
import { createTokenIssuer, keyIdOf } from '../../apiserver/authentication/token-issuer.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { tokenSecondsAsked, type ApiFacts } from '../../benchmark/facts.ts';
import { readKeyPair } from '../credentials/credentials.ts';
import type { Layout } from '../layout.ts';
import { readTokenKeys } from '../server/signing-keys.ts';
import { strangerName, type Identities } from './identities.ts';
import { ask, tlsFact, type FullAnswer, type Place, type Question } from './probe.ts';

export interface ApiProbe {
  readonly place: Place;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  readonly identities: Identities;
  readonly clusterDomain: string;
  /** A node that is there. */
  readonly nodeName: string;
  /** One whose account a token can be asked for. */
  readonly pod: Pod | undefined;
}

/** What may not be asked without credentials, but for the first five. */
const openPaths = [
  '/healthz',
  '/livez',
  '/readyz',
  '/version',
  '/version/',
  '/api',
  '/apis',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/metrics',
  '/debug/controllers',
  '/api/v1/namespaces',
  '/api/v1/nodes',
  '/api/v1/pods',
  '/api/v1/secrets',
];

export async function apiFacts(probe: ApiProbe): Promise<ApiFacts> {
  const { place, layout, identities } = probe;
  const { administrator, foreigner } = identities;
  const asked = await Promise.all(openPaths.map(async (path) => [path, (await ask(place, { path })).status] as const));
  const whoAmI: Question = {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  };
  const known = await ask(place, whoAmI, administrator);
  const name = (known.value as { status?: { userInfo?: { username?: string } } } | undefined)?.status?.userInfo
    ?.username;
  return {
    tls: await tlsFact(place, readKeyPair(layout.pki, 'ca').certificate),
    anonymous: Object.fromEntries(asked),
    administrator: { status: known.status === 201 ? 200 : known.status, message: name ?? known.message },
    foreignCertificate: plain(await ask(place, { path: '/api/v1/secrets' }, foreigner)),
    orphanTokenAccepted: await orphanTokenAccepted(probe),
    strangerMay: await allowed(place, identities.stranger, strangersQuestions),
    strangeNodeMay: await allowed(place, identities.strangeNode, nodesQuestions),
    foreignNodeWrite: plain(
      await ask(
        place,
        {
          method: 'PATCH',
          path: `/api/v1/nodes/${probe.nodeName}?dryRun=All`,
          contentType: 'application/merge-patch+json',
          body: { metadata: { labels: { 'example.com/audit': 'true' } } },
        },
        identities.strangeNode,
      ),
    ),
    profiling: plain(await ask(place, { path: '/debug/pprof/' }, administrator)),
    dryRuns: await dryRuns(place, identities),
    ...(await keysOf(probe)),
    tokenSeconds: await tokenSeconds(probe),
  };
}

const plain = ({ status, message }: FullAnswer): { status: number; message: string } => ({ status, message });

const dryPods = '/api/v1/namespaces/default/pods?dryRun=All';

/** One that every pod security level lets in. */
const triedPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'coracle-audit-' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'tried',
        image: 'example.com/tried:1',
        imagePullPolicy: 'IfNotPresent',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
      },
    ],
  },
};

const strangersQuestions: Readonly<Record<string, Question>> = {
  'list Secrets': { path: '/api/v1/secrets' },
  'list pods': { path: '/api/v1/pods' },
  'list nodes': { path: '/api/v1/nodes' },
  'read metrics': { path: '/metrics' },
  'create pods': { method: 'POST', path: dryPods, body: triedPod },
  'bind roles': {
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?dryRun=All',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'coracle-audit' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: strangerName }],
    },
  },
};

const nodesQuestions: Readonly<Record<string, Question>> = {
  'list Secrets': { path: '/api/v1/secrets' },
  'list ConfigMaps': { path: '/api/v1/configmaps' },
  'read Secrets of pods that are not on it': { path: '/api/v1/namespaces/kube-system/secrets/coracle-audit' },
};

async function allowed(
  place: Place,
  identity: Identities['stranger'],
  questions: Readonly<Record<string, Question>>,
): Promise<readonly string[]> {
  const answers = await Promise.all(
    Object.entries(questions).map(async ([what, question]) => ({ what, ...(await ask(place, question, identity)) })),
  );
  return answers.filter(({ status }) => status !== 401 && status !== 403).map(({ what }) => what);
}

async function dryRuns(place: Place, { administrator }: Identities): Promise<ApiFacts['dryRuns']> {
  const pod = await ask(place, { method: 'POST', path: dryPods, body: triedPod }, administrator);
  const service = await ask(
    place,
    {
      method: 'POST',
      path: '/api/v1/namespaces/default/services?dryRun=All',
      body: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'coracle-audit' },
        spec: { ports: [{ port: 80 }], externalIPs: ['203.0.113.1'] },
      },
    },
    administrator,
  );
  const homeless = await ask(
    place,
    {
      method: 'POST',
      path: '/api/v1/namespaces/coracle-audit-missing/configmaps?dryRun=All',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coracle-audit' } },
    },
    administrator,
  );
  return {
    pod: { ...plain(pod), ...(pod.status < 300 ? { object: pod.value as Pod } : {}) },
    serviceWithExternalAddress: plain(service),
    objectInMissingNamespace: plain(homeless),
  };
}

function issuerOf({ layout, clock, random, clusterDomain }: ApiProbe): ReturnType<typeof createTokenIssuer> {
  const keys = readTokenKeys(layout.pki);
  const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
  return createTokenIssuer({
    issuer,
    audiences: [issuer],
    keys: () => keys,
    clock,
    random,
  });
}

async function orphanTokenAccepted(probe: ApiProbe): Promise<boolean> {
  const { token } = await issuerOf(probe).issue({
    namespace: 'default',
    serviceAccount: { name: 'coracle-audit-gone', uid: probe.random.uuid() },
    audiences: [],
    seconds: 600,
  });
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const { value } = await ask(probe.place, { method: 'POST', path, body }, probe.identities.administrator);
  return (value as { status?: { authenticated?: boolean } } | undefined)?.status?.authenticated === true;
}

async function keysOf(probe: ApiProbe): Promise<Pick<ApiFacts, 'publishedKeys' | 'keyFiles'>> {
  const { place, identities, layout } = probe;
  const { value } = await ask(place, { path: '/openid/v1/jwks' }, identities.administrator);
  const { keys = [] } = (value ?? {}) as { readonly keys?: readonly { readonly kid: string }[] };
  const own = await issuerOf(probe).keys();
  return {
    publishedKeys: keys.map(({ kid }) => kid),
    keyFiles: {
      signing: await keyIdOf(readTokenKeys(layout.pki).privateKey),
      verifying: own.keys.map(({ kid = '' }) => kid),
    },
  };
}

/** 0 when none was given. */
async function tokenSeconds({ place, identities, pod }: ApiProbe): Promise<number> {
  if (pod === undefined) return 0;
  const { name, namespace, uid } = pod.metadata;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      expirationSeconds: tokenSecondsAsked,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  };
  const account = pod.spec?.serviceAccountName ?? 'default';
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { value } = await ask(place, { method: 'POST', path, body }, identities.administrator);
  const token = (value as { status?: { token?: string } } | undefined)?.status?.token ?? '';
  const [, claims = ''] = token.split('.');
  if (claims === '') return 0;
  const { exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number; iat: number };
  return exp - iat;
}
