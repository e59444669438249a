/**
 * What the agent of a machine that has joined does beside its pods: it renews its certificates, serves the kubelet
 * API once it has one for that, and ends when its node was removed from the cluster.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { aborted, runAll, type Service } from '../../base/service.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Client } from '../../client/client.ts';
import type { KubeletServer } from '../../node/server/server.ts';
import { ownNodeInformer } from '../agent/own-node.ts';
import type { Layout } from '../layout.ts';
import type { Membership } from '../settings/settings.ts';
import { certificateRotation, combinedPath, requestCertificate, type NodeCertificateKind } from './certificates.ts';

export interface JoinedOptions {
  readonly layout: Layout;
  readonly nodeName: string;
  readonly membership: Membership;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Made once there is a certificate for it. */
  readonly kubelet: () => KubeletServer;
  /** Reads the certificate. */
  readonly tls: () => Parameters<KubeletServer['rotate']>[0];
  /** Called once the kubelet API listens. */
  readonly listening: () => void;
}

/** How long the agent of a removed node stays, so that its pods end as the API says. Milliseconds. */
const farewell = 5_000;

export function joinedServices(options: JoinedOptions): readonly Service[] {
  return [rotationOf(options, 'client', () => {}), kubeletService(options), removalWatch(options)];
}

function rotationOf(options: JoinedOptions, kind: NodeCertificateKind, changed: () => void): Service {
  const { layout, nodeName, membership, client, clock, random, logger } = options;
  const names = kind === 'client' ? [] : [nodeName];
  const addresses = kind === 'client' ? [] : [membership.address];
  return certificateRotation({
    clock,
    random,
    logger,
    path: combinedPath(layout.pki, `${kind === 'client' ? 'node' : 'kubelet'}-${nodeName}`),
    kind,
    names: { dnsNames: names, addresses },
    request: (signal) => requestCertificate({ client, clock, nodeName, kind, addresses, signal }),
    changed,
  });
}

/** The cluster signs the serving certificate once the Node says which addresses it has: the agent starts before. */
function kubeletService(options: JoinedOptions): Service {
  let made: KubeletServer | undefined;
  const { promise: first, resolve } = Promise.withResolvers<KubeletServer>();
  const rotation = rotationOf(options, 'serving', () => {
    if (made !== undefined) return made.rotate(options.tls());
    made = options.kubelet();
    resolve(made);
  });
  return {
    name: 'kubelet',
    run: (signal) =>
      runAll(
        [
          rotation,
          {
            name: 'kubelet API',
            async run(stop) {
              const kubelet = await Promise.race([first, aborted(stop)]);
              if (kubelet === undefined) return;
              await kubelet.listen();
              options.listening();
              await kubelet.run(stop);
            },
          },
        ],
        signal,
      ),
  };
}

export function nodeRemoved(nodeName: string): UserError {
  return new UserError(
    `node ${nodeName} is no longer in the cluster: it was removed there`,
    'clear this machine with `coracle reset`; to come back it needs a new token and `coracle join`',
  );
}

/** Whoever removed the node does not want it to add itself again. */
function removalWatch({ client, clock, random, logger, nodeName }: JoinedOptions): Service {
  return {
    name: 'node removal',
    async run(signal) {
      const informer = ownNodeInformer({ client, clock, random, logger }, nodeName);
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      const stop = new AbortController();
      informer.subscribe({ added: () => {}, updated: () => {}, deleted: () => resolve() });
      const running = informer.run(AbortSignal.any([signal, stop.signal]));
      const absent = informer.whenSynced(signal).then(
        () => (informer.get({ name: nodeName }) === undefined ? undefined : gone),
        () => gone,
      );
      const ended = await Promise.race([absent.then(() => true), aborted(signal).then(() => false)]);
      if (ended) {
        logger.error('the Node was deleted: this node leaves the cluster', { node: nodeName });
        await clock.sleep(farewell, signal).catch(() => {});
      }
      stop.abort();
      await running;
      if (ended && !signal.aborted) throw nodeRemoved(nodeName);
    },
  };
}
