/** Host ports of the pods on this node. Pure. */
import type { Pod } from '../api/core/pod.ts';
import type { Element } from '../network/nft-table.ts';
import { targetMap } from './ruleset.ts';
import { familyOf } from './service-elements.ts';

/** Elements that lead a pod's host ports to it; none for pods that have no address or use the node's network. */
export function hostPortElements(pod: Pod): readonly Element[] {
  const { spec, status = {} } = pod;
  if (spec === undefined || spec.hostNetwork === true || status.phase === 'Succeeded' || status.phase === 'Failed')
    return [];
  const ips = status.podIPs?.map(({ ip }) => ip) ?? (status.podIP === undefined ? [] : [status.podIP]);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const ports = containers.flatMap((container) => container.ports ?? []).filter((port) => (port.hostPort ?? 0) > 0);
  return ips.flatMap((ip) => {
    const family = familyOf(ip);
    const mappings = ports.flatMap(({ hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' }) => {
      const lower = protocol.toLowerCase();
      const key = `${lower} . ${hostPort}`;
      const value = `${ip} . ${containerPort}`;
      if (hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::')
        return [{ set: targetMap('hostports', family, lower), key, value }];
      if (familyOf(hostIP) !== family) return [];
      return [{ set: targetMap('hostport-addresses', family, lower), key: `${hostIP} . ${key}`, value }];
    });
    if (mappings.length === 0) return [];
    return [...mappings, { set: `hairpin${family}`, key: `${ip} . ${ip}`, value: '' }];
  });
}
