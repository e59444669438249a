/** Objects for tests. */
import type { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Service, ServiceSpec } from '../api/core/service.ts';

const meta = (name: string): Service['metadata'] => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

/** TCP 80 at 10.96.0.10, to 8080. */
export function service(name: string, changes: ServiceSpec & { readonly nodePort?: number } = {}): Service {
  const { nodePort, ...spec } = changes;
  const clusterIP = spec.clusterIP ?? '10.96.0.10';
  return {
    metadata: meta(name),
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [
        { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, ...(nodePort === undefined ? {} : { nodePort }) },
      ],
      ...spec,
    },
    status: {},
  };
}

/** Ready endpoints on node `one`, port 8080. */
export function endpointSlice(
  name: string,
  ips: readonly string[],
  changes: Partial<EndpointSlice> = {},
): EndpointSlice {
  return {
    metadata: { ...meta(`${name}-1`), labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true }, nodeName: 'one' })),
    ...changes,
  };
}

export function podWithHostPort(ip: string, hostPort: number, containerPort: number): Pod {
  return {
    metadata: meta('p'),
    spec: { containers: [{ name: 'a', ports: [{ hostPort, containerPort, protocol: 'TCP' }] }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  };
}
