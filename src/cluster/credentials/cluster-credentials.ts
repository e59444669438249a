/** Which certificates a cluster of these settings has, for which names and for how long. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { nthAddress } from '../../network/cidr.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import type { Layout } from '../layout.ts';
import { nodeAddress, nodeNames } from '../settings/nodes.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { certificateLifetime, ensureCredentials } from './credentials.ts';

/** Milliseconds for which the cluster's certificates are good. */
export function certificateValidity({ certificateValidityPeriod: period }: ClusterSettings): number {
  return period === undefined ? certificateLifetime : durationMilliseconds(period);
}

/** Makes the certificates that are missing, too old or too narrow; their names. */
export function renewCredentials(
  { layout, clock, random }: { readonly layout: Layout; readonly clock: Clock; readonly random: Random },
  settings: ClusterSettings,
): Promise<readonly string[]> {
  const serviceNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return ensureCredentials({
    folder: layout.pki,
    clock,
    random,
    serverNames: {
      dnsNames: ['localhost', ...serviceNames, `kubernetes.default.svc.${settings.clusterDomain}`, settings.nodeName],
      addresses: [
        '127.0.0.1',
        '::1',
        nthAddress(settings.serviceCidr, 1),
        nodeAddress(settings),
        nthAddress(settings.podCidr, 1),
        nthAddress(settings.underlayCidr, 1),
      ],
    },
    lifetime: certificateValidity(settings),
    nodes: nodeNames(settings).map((name) => ({ name, addresses: [nodeAddress(settings, name), '127.0.0.1'] })),
  });
}
