/** `coracle audit`: looks at a running cluster from all sides, and has what was seen judged. */
import { Node } from '../../api/core/node.ts';
import { benchmarkVersion, judge } from '../../benchmark/benchmark.ts';
import type { Facts } from '../../benchmark/facts.ts';
import type { AuditReport } from '../../cli/manager.ts';
import type { HttpsClient } from '../../client/https-client.ts';
import { asAdministrator, type Asking } from '../commands/administrator.ts';
import { readKeyPair } from '../credentials/credentials.ts';
import { readAccessSettings } from '../settings/access-settings.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { apiFacts } from './api.ts';
import { fileFacts } from './files.ts';
import { makeIdentities } from './identities.ts';
import { kubeletFacts } from './kubelets.ts';
import { listenersOf } from './listeners.ts';
import { objectFacts } from './objects.ts';
import { settingsFacts } from './settings.ts';
import { storeFacts } from './store-bytes.ts';

export function auditCluster(environment: Asking): Promise<AuditReport> {
  return asAdministrator(environment, async (client, settings) => {
    const findings = judge(await factsOf(environment, client, settings));
    return { benchmark: benchmarkVersion, findings };
  });
}

async function factsOf(
  { layout, clock, random }: Asking,
  client: HttpsClient,
  settings: ClusterSettings,
): Promise<Facts> {
  const place = { host: '127.0.0.1', port: settings.port };
  const nodes = await client.list(Node);
  const access = readAccessSettings(layout.dataDir, settings.guards);
  const identities = await makeIdentities(layout.pki, clock, random);
  const authority = readKeyPair(layout.pki, 'ca').certificate;
  const objects = await objectFacts(client);
  const { clusterDomain } = settings;
  const nodeName = nodes.items[0]?.metadata.name ?? settings.nodeName;
  return {
    now: clock.now(),
    certificateAuthority: authority,
    files: fileFacts(layout, settings, access),
    settings: await settingsFacts(layout, settings, access),
    api: await apiFacts({ place, layout, clock, random, identities, clusterDomain, nodeName, pod: objects.pods[0] }),
    store: await storeFacts(layout, objects.secrets),
    listeners: listenersOf(layout, settings),
    kubelets: await Promise.all(nodes.items.map((node) => kubeletFacts(node, authority, identities))),
    objects,
  };
}
