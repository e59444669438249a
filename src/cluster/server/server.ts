/**
 * The server process: store, API server, controllers and scheduler in one. Components reach the API in
 * process, each under an identity of its own.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../api/catalogue.ts';
import type { AdmissionConfiguration } from '../../apiserver/admission/configuration.ts';
import { serviceAllocation } from '../../apiserver/allocation/services.ts';
import type { Audit } from '../../apiserver/audit/audit.ts';
import { createTokenIssuer, type TokenIssuer } from '../../apiserver/authentication/token-issuer.ts';
import { bootstrapPolicy } from '../../apiserver/authorization/bootstrap/policy.ts';
import { reconcilePolicy } from '../../apiserver/authorization/bootstrap/reconcile.ts';
import { eventExpiry } from '../../apiserver/event-expiry.ts';
import { createFront, type Front } from '../../apiserver/http/listener.ts';
import { objectReader } from '../../apiserver/object-reader.ts';
import { Resources } from '../../apiserver/registry/resources.ts';
import type { ApiServerDependencies, NodeConnector } from '../../apiserver/server-types.ts';
import { createApiServer, type ApiServer } from '../../apiserver/server.ts';
import { tokenHandler } from '../../apiserver/subresources/token.ts';
import { codeOf } from '../../base/errors.ts';
import { aborted, runAll, type Service } from '../../base/service.ts';
import { UserError } from '../../cli/user-error.ts';
import { Informers } from '../../client/informers.ts';
import { UsageSampler } from '../../controllers/usage/sampler.ts';
import { nthAddress } from '../../network/cidr.ts';
import type { SchedulerConfiguration } from '../../scheduler/configuration/read.ts';
import { SqliteJournal } from '../../store/journal/sqlite.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { certificateReload, certificateRenewal } from '../credentials/certificate-renewal.ts';
import { certificateValidity, renewCredentials } from '../credentials/cluster-credentials.ts';
import { certificatePath, readKeyPair } from '../credentials/credentials.ts';
import { clusterInfoMap } from '../joining/cluster-info.ts';
import { nodeConfigMap } from '../joining/node-config.ts';
import type { Layout } from '../layout.ts';
import type { ProcessContext } from '../processes/run-process.ts';
import { readAccessSettings } from '../settings/access-settings.ts';
import { readSchedulerConfig } from '../settings/component-configs.ts';

import { readAdmission } from '../settings/guard-files.ts';
import { nodeAddress } from '../settings/nodes.ts';
import { build } from '../version.ts';
import { apiServerIdentity, componentIdentity, controllerIdentity, createAccess, frontProxyNames } from './access.ts';
import { ensureAddons } from './addons.ts';
import { admissionOf } from './admission.ts';
import { openAudit } from './audit.ts';
import { authenticationPublisher } from './authentication-config.ts';
import { ensureBootstrapObjects } from './bootstrap-objects.ts';
import { componentStatuses } from './component-statuses.ts';
import { showControlPlane } from './control-plane-metrics.ts';
import { controllersOf } from './controllers.ts';
import { DebugPages } from './debug.ts';
import { elected } from './elected.ts';
import { journalProgram } from './journal-program.ts';
import { localClient } from './local-client.ts';
import { SecretKeys } from './secret-keys.ts';
import { secretsPages } from './secrets.ts';
import { SigningKeys, signingKeyPages } from './signing-keys.ts';
import { UsageFigures, usageKinds } from './usage.ts';
import { schedulerOf } from './scheduling.ts';

/** How long requests in flight may take to end when the server stops. */
const grace = 2_000;

export async function runServer(options: ProcessContext, signal: AbortSignal): Promise<void> {
  const { layout, clock, logger } = options;
  mkdirSync(layout.store, { recursive: true, mode: 0o700 });
  const journal = new SqliteJournal({ path: join(layout.store, 'state.db'), ...journalProgram() });
  const secrets = new SecretKeys({ folder: layout.pki, clock, random: options.random });
  const store = await openStore({ journal, codec: secrets.codec, clock, logger: logger.named('store') });
  const audit = await openAudit(options);
  try {
    if (secrets.isUnfinished) await secrets.finish(store);
    options.phase('store open');
    await serve(options, store, { secrets, audit: audit.audit }, signal);
  } finally {
    await audit.close();
    await store.close();
  }
}

interface Guards {
  readonly secrets: SecretKeys;
  readonly audit: Audit | undefined;
}

async function serve(options: ProcessContext, store: Store, guards: Guards, signal: AbortSignal): Promise<void> {
  const { settings, logger } = options;
  const debug = new DebugPages();
  const usage = new UsageFigures();
  const keys = new SigningKeys({ pki: options.layout.pki, clock: options.clock });
  const pages: NonNullable<ApiServerDependencies['paths']> = new Map([
    ...debug.paths,
    ...secretsPages(guards.secrets, store),
    ...signingKeyPages(keys, () => localClient(api.local(apiServerIdentity))),
  ]);
  const issuer = tokenIssuer(options, keys);
  const configuration = await readAdmission(settings.guards);
  const scheduling = await readSchedulerConfig(settings.schedulerConfig);
  const api: ApiServer = createServer(
    options,
    store,
    debug,
    { paths: pages, audit: guards.audit, issuer, configuration },
    usage,
  );
  const front = frontOf(options, api);
  await Promise.all([listen(front, settings.port), reconcilePolicy(api.registry, bootstrapPolicy())]);
  options.phase('API server listening');
  try {
    const address = {
      clusterIp: nthAddress(settings.serviceCidr, 1),
      address: nodeAddress(settings),
      port: settings.port,
      published: [
        nodeConfigMap(settings),
        clusterInfoMap({
          server: `https://${nodeAddress(settings)}:${settings.port}`,
          authority: readKeyPair(options.layout.pki, 'ca').certificate,
        }),
      ],
    };
    const client = localClient(api.local(apiServerIdentity));
    await ensureBootstrapObjects(client, address);
    const addons = { clusterDomain: settings.clusterDomain, dnsAddress: nthAddress(settings.serviceCidr, 10) };
    options.phase('API ready');
    options.ready({ api: `https://127.0.0.1:${settings.port}` });
    await ensureAddons(client, addons);
    await runAll(
      [
        ...controlPlane(options, api, { debug, usage, issuer, scheduling }),
        eventExpiry(store, options.clock, logger.named('events')),
        ...renewalOf(options, front),
      ],
      signal,
    );
    await aborted(signal);
  } finally {
    api.drain();
    await front.close(grace);
    logger.info('stopped');
  }
}

interface ServerParts extends Required<Pick<ApiServerDependencies, 'paths' | 'audit'>> {
  readonly issuer: TokenIssuer;
  readonly configuration: AdmissionConfiguration;
}

function createServer(
  { settings, clock, random, logger, layout }: ProcessContext,
  store: Store,
  debug: DebugPages,
  { issuer, configuration, ...own }: ServerParts,
  usage: UsageFigures,
): ApiServer {
  const reader = objectReader(store, new Resources(kinds));
  const shared = { store, reader, clock, random };
  const address = (): string => `${nodeAddress(settings)}:${settings.port}`;
  const accessSettings = readAccessSettings(layout.dataDir, settings.guards);
  const access = createAccess({
    ...shared,
    issuer,
    log: logger.named('access'),
    settings: accessSettings,
    dataDir: layout.dataDir,
    clientAuthority: readKeyPair(layout.pki, 'ca').certificate,
    frontProxyAuthority: readKeyPair(layout.pki, 'front-proxy-ca').certificate,
    address,
  });
  const api: ApiServer = createApiServer({
    ...shared,
    kinds: [...kinds, ...usageKinds],
    log: logger.named('apiserver'),
    version: build,
    ...access,
    ...admissionOf({ ...shared, settings, access, configuration, local: (user) => api.local(user) }),
    preparations: new Map([['/services', serviceAllocation({ store, clock, random, cidr: settings.serviceCidr })]]),
    subresources: new Map([
      ['/serviceaccounts/token', tokenHandler({ issuer, reader, extend: accessSettings.extendServiceAccountTokens })],
    ]),
    nodes: kubeletCredentials(layout),
    externalAddress: () => `${nodeAddress(settings)}:${settings.port}`,
    audit: own.audit,
    paths: new Map([...access.paths, ...own.paths]),
    computed: new Map([
      ...usage.computed,
      ['/componentstatuses', componentStatuses({ storeFailure: () => store.failure, ...debug.health })],
    ]),
  });
  return api;
}

/** Read for every connection: they are renewed while the server runs. */
function kubeletCredentials({ pki }: Layout): NodeConnector {
  return {
    material: () => {
      const { certificate, key } = readKeyPair(pki, 'apiserver-kubelet-client');
      return { key, cert: certificate, ca: readKeyPair(pki, 'ca').certificate };
    },
  };
}

function tokenIssuer({ settings, clock, random }: ProcessContext, keys: SigningKeys): TokenIssuer {
  const issuer = `https://kubernetes.default.svc.${settings.clusterDomain}`;
  return createTokenIssuer({
    issuer,
    audiences: [issuer],
    keys: () => keys.current,
    clock,
    random,
  });
}

/** Clients' certificates may be of either; what they are good for is authentication's to say. */
function clientAuthorities({ pki }: Layout): string {
  return ['ca', 'front-proxy-ca'].map((name) => readKeyPair(pki, name).certificate).join('\n');
}

function tlsOf(layout: Layout): Parameters<Front['rotate']>[0] {
  const server = readKeyPair(layout.pki, 'apiserver');
  return { key: server.key, cert: server.certificate, clientCa: clientAuthorities(layout) };
}

function renewalOf(options: ProcessContext, front: Front): readonly Service[] {
  const { layout, settings } = options;
  const renew = (): Promise<readonly string[]> => renewCredentials(options, settings);
  const files = [certificatePath(layout.pki, 'apiserver')];
  const looking = { ...options, lifetime: certificateValidity(settings) };
  return [
    certificateRenewal({ ...looking, renew }),
    certificateReload(looking, files, () => front.rotate(tlsOf(layout))),
  ];
}

function frontOf({ layout, clock, logger }: ProcessContext, api: ApiServer): Front {
  return createFront({
    tls: tlsOf(layout),
    clock,
    log: logger.named('http'),
    handle: (exchange) => api.handle(exchange),
    upgrade: (message, socket, head) => api.upgrade(message, socket, head),
  });
}

async function listen(front: Front, port: number): Promise<void> {
  try {
    await front.listen(port, '::');
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') {
      throw new UserError(`port ${port} is in use by another program`, 'choose another: coracle up --port 0');
    }
    // Machines without IPv6.
    if (codeOf(error) !== 'EAFNOSUPPORT') throw error;
    await front.listen(port, '0.0.0.0');
  }
}

interface ControlPlaneParts {
  readonly debug: DebugPages;
  readonly usage: UsageFigures;
  readonly issuer: TokenIssuer;
  readonly scheduling: Partial<SchedulerConfiguration>;
}

function controlPlane(
  options: ProcessContext,
  api: ApiServer,
  { debug, usage, issuer, scheduling }: ControlPlaneParts,
): readonly Service[] {
  const { clock, random, logger } = options;
  const clientOf = (name: string): ReturnType<typeof localClient> => localClient(api.local(componentIdentity(name)));
  const manager = clientOf('kube-controller-manager');
  const informers = new Informers({ client: manager, clock, random, logger });
  const sampler = new UsageSampler({
    client: localClient(api.local(apiServerIdentity)),
    informers,
    clock,
    random,
    logger,
  });
  usage.show(sampler);
  showControlPlane(api.metrics.registry, debug);
  const publisher = authenticationPublisher({
    client: localClient(api.local(apiServerIdentity)),
    informers,
    clock,
    logger,
    read: () => ({
      clientAuthority: readKeyPair(options.layout.pki, 'ca').certificate,
      frontProxyAuthority: readKeyPair(options.layout.pki, 'front-proxy-ca').certificate,
      allowedNames: frontProxyNames,
    }),
  });
  const schedulerClient = clientOf('kube-scheduler');
  const election = { clock, random, logger, identity: `${options.settings.nodeName}_coracle` };
  return [
    informers,
    sampler,
    publisher,
    elected({ ...election, client: schedulerClient, name: 'kube-scheduler' }, () => {
      const deps = { client: schedulerClient, informers, clock, random, logger };
      const { scheduler, recorders } = schedulerOf(deps, scheduling);
      debug.showScheduler(scheduler);
      return [...recorders, scheduler];
    }),
    elected({ ...election, client: manager, name: 'kube-controller-manager' }, () => {
      const controllers = controllersOf({
        client: manager,
        clientAs: (account) => localClient(api.local(controllerIdentity(account))),
        informers,
        clock,
        random,
        logger: logger.named('controllers'),
        settings: options.settings,
        authority: readKeyPair(options.layout.pki, 'ca').certificate,
        signer: () => readKeyPair(options.layout.pki, 'ca'),
        issueToken: (token) => issuer.issueForSecret(token),
        kinds: () => [...api.resources.all()].map(({ kind }) => kind),
      });
      debug.showControllers(controllers);
      return controllers;
    }),
  ];
}
