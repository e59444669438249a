/** /etc/hosts, host name and resolver of a pod. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import type { DnsConfig } from '../../runtime/runtime.ts';
import { namespaceOf } from '../pod/names.ts';

const mostNameLength = 63;

export interface HostName {
  readonly hostname: string;
  /** The subdomain's full domain, '' when the pod has none. */
  readonly domain: string;
}

export function hostName(pod: Pod, nodeHostname: string, clusterDomain: string): HostName {
  const spec = pod.spec;
  if (spec?.hostnameOverride !== undefined && spec.hostnameOverride !== '') {
    return { hostname: spec.hostnameOverride, domain: '' };
  }
  const own = spec?.hostname !== undefined && spec.hostname !== '' ? spec.hostname : pod.metadata.name;
  const hostname = own.slice(0, mostNameLength).replace(/[-.]+$/, '');
  const subdomain = spec?.subdomain ?? '';
  const domain = subdomain === '' ? '' : `${subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}`;
  return spec?.hostNetwork === true ? { hostname: nodeHostname, domain: '' } : { hostname, domain };
}

/** What the kernel is told: the short name, or the full one where the pod asks for it. */
export function kernelHostname(pod: Pod, name: HostName): string {
  return pod.spec?.setHostnameAsFQDN === true && name.domain !== '' ? `${name.hostname}.${name.domain}` : name.hostname;
}

/** `nodeHosts` is the node's own /etc/hosts, for pods in its network. */
export function hostsFile(pod: Pod, name: HostName, podIps: readonly string[], nodeHosts: string): string {
  const lines: string[] = [];
  if (pod.spec?.hostNetwork === true) {
    lines.push('# Kubernetes-managed hosts file (host network).', nodeHosts.trimEnd());
  } else {
    lines.push(
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
    );
    const names = name.domain === '' ? name.hostname : `${name.hostname}.${name.domain}\t${name.hostname}`;
    for (const ip of podIps) lines.push(`${ip}\t${names}`);
  }
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.');
  for (const { ip, hostnames } of aliases) lines.push(`${ip}\t${(hostnames ?? []).join('\t')}`);
  return `${lines.join('\n')}\n`;
}

export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    if (keyword === 'search') searches = values.filter((each) => each !== '.');
    if (keyword === 'options') options = values;
  }
  return { servers, searches, options };
}

export interface DnsInput {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly node: DnsConfig;
}

const mostServers = 3;
const mostSearches = 32;

export function podDns(pod: Pod, input: DnsInput): DnsConfig {
  const base = policyDns(pod, input);
  const own = pod.spec?.dnsConfig;
  const options = mergeOptions(base.options, own?.options ?? []);
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, mostServers),
    searches: unique([...base.searches, ...(own?.searches ?? [])]).slice(0, mostSearches),
    options,
  };
}

function policyDns(pod: Pod, input: DnsInput): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec?.hostNetwork !== true);
  if (!cluster || input.clusterDns.length === 0) return input.node;
  const { clusterDomain } = input;
  return {
    servers: input.clusterDns,
    searches: [
      `${namespaceOf(pod)}.svc.${clusterDomain}`,
      `svc.${clusterDomain}`,
      clusterDomain,
      ...input.node.searches,
    ],
    options: ['ndots:5'],
  };
}

/** A pod's option replaces one of the same name. */
function mergeOptions(
  base: readonly string[],
  own: readonly { readonly name?: string; readonly value?: string }[],
): readonly string[] {
  const merged = new Map(base.map((option) => [option.split(':')[0] ?? '', option]));
  for (const { name = '', value } of own)
    merged.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  return [...merged.values()];
}

const unique = (list: readonly string[]): readonly string[] => [...new Set(list)];
