/** What each node's kubelet answers, and to whom. */
import type { Node } from '../../api/core/node.ts';
import type { KubeletFacts } from '../../benchmark/facts.ts';
import type { KeyPair } from '../../pki/certificate.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import type { Identities } from './identities.ts';
import { ask, plainAnswer, tlsFact, type Place } from './probe.ts';

const readOnlyPort = 10_255;

interface KubeletConfiguration {
  readonly podPidsLimit: number;
  readonly seccompDefault: boolean;
  readonly streamingConnectionIdleTimeout: string;
}

/** What a kubelet means that says nothing about it. */
const unsaid: KubeletConfiguration = { podPidsLimit: -1, seccompDefault: false, streamingConnectionIdleTimeout: '0s' };

async function configurationOf(place: Place, identity: KeyPair): Promise<KubeletConfiguration> {
  const { value } = await ask(place, { path: '/configz' }, identity);
  const answer = value as { readonly kubeletconfig?: Partial<KubeletConfiguration> } | undefined;
  return { ...unsaid, ...answer?.kubeletconfig };
}

export async function kubeletFacts(node: Node, authority: string, identities: Identities): Promise<KubeletFacts> {
  const { addresses = [], daemonEndpoints } = node.status ?? {};
  const host = addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const place = { host, port: daemonEndpoints?.kubeletEndpoint?.Port ?? 0 };
  const pods = { path: '/pods' };
  const open = await plainAnswer({ host, port: readOnlyPort });
  const configuration = await configurationOf(place, identities.administrator);
  return {
    node: node.metadata.name,
    tls: await tlsFact(place, authority),
    anonymous: await ask(place, pods),
    stranger: await ask(place, pods, identities.stranger),
    foreignCertificate: await ask(place, pods, identities.foreigner),
    ...(open === undefined ? {} : { readOnlyPort: open }),
    streamingIdleTimeout: durationMilliseconds(configuration.streamingConnectionIdleTimeout) / 1000,
    podPidsLimit: configuration.podPidsLimit,
    seccompDefault: configuration.seccompDefault,
  };
}
