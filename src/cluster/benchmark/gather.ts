/** `coracle audit`: looks at a running cluster from all sides, and has what was seen judged. */
import { ConnectionError } from '../../client/transport.ts';
import { Node } from '../../api/core/node.ts';
import { benchmarkVersion, judge } from '../../benchmark/benchmark.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { AuditReport } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { readAccessSettings } from '../access-settings.ts';
import { apiClient } from '../api-client.ts';
import { readKeyPair } from '../credentials.ts';
import type { Layout } from '../layout.ts';
import { requireServer } from '../settings.ts';
import { apiFacts } from './api.ts';
import { fileFacts } from './files.ts';
import { makeIdentities } from './identities.ts';
import { kubeletFacts } from './kubelets.ts';
import { listenersOf } from './listeners.ts';
import { objectFacts } from './objects.ts';
import { settingsFacts } from './settings.ts';
import { storeFacts } from './store-bytes.ts';

export interface AuditedCluster {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
}

export async function auditCluster({ layout, clock, random }: AuditedCluster): Promise<AuditReport> {
  const settings = requireServer(layout);
  const place = { host: '127.0.0.1', port: settings.port };
  const client = apiClient({ pki: layout.pki, server: `https://${place.host}:${place.port}`, clock, random }, 'admin');
  try {
    const nodes = await client.list(Node);
    const access = readAccessSettings(layout.dataDir, settings.guards);
    const identities = await makeIdentities(layout.pki, clock, random);
    const authority = readKeyPair(layout.pki, 'ca').certificate;
    const objects = await objectFacts(client);
    const { clusterDomain } = settings;
    const nodeName = nodes.items[0]?.metadata.name ?? settings.nodeName;
    const findings = judge({
      now: clock.now(),
      certificateAuthority: authority,
      files: fileFacts(layout, settings, access),
      settings: await settingsFacts(layout, settings, access),
      api: await apiFacts({ place, layout, clock, random, identities, clusterDomain, nodeName }),
      store: await storeFacts(layout, objects.secrets),
      listeners: listenersOf(layout, settings),
      kubelets: await Promise.all(nodes.items.map((node) => kubeletFacts(node, authority, identities))),
      objects,
    });
    return { benchmark: benchmarkVersion, findings };
  } catch (error) {
    if (!(error instanceof ConnectionError && error.isRefused)) throw error;
    throw new UserError(
      `cluster ${layout.name} is not running, and most checks ask it`,
      `start it: coracle up --name ${layout.name}`,
    );
  } finally {
    await client.close();
  }
}
