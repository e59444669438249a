/** Defaults of services; most hang on the type. */
import type { Editable } from '../rules/draft.ts';
import { fillAbsent, fillEmpty } from '../rules/draft.ts';
import type { ServiceSpec, ServiceStatus } from './service.ts';

/** Three hours. */
const stickySeconds = 10_800;

interface ServiceDraft {
  spec?: Editable<ServiceSpec>;
  status?: Editable<ServiceStatus>;
}

export function serviceDefaults(draft: Record<string, unknown>): void {
  const service = draft as ServiceDraft;
  const spec = (service.spec ??= {});
  affinityDefaults(spec);
  for (const port of spec.ports ?? []) {
    if (port.port !== undefined) fillEmpty(port, 'targetPort', port.port);
  }
  if (isExternallyAccessible(spec)) fillEmpty(spec, 'externalTrafficPolicy', 'Cluster');
  if (spec.type !== 'ExternalName') fillAbsent(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') balancerDefaults(spec, service.status);
}

function affinityDefaults(spec: Editable<ServiceSpec>): void {
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP' || spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined) return;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: stickySeconds } };
}

function balancerDefaults(spec: Editable<ServiceSpec>, status: Editable<ServiceStatus> | undefined): void {
  fillAbsent(spec, 'allocateLoadBalancerNodePorts', true);
  for (const ingress of status?.loadBalancer?.ingress ?? []) {
    if ((ingress.ip ?? '') !== '') fillAbsent(ingress, 'ipMode', 'VIP');
  }
}

/** Clients from outside the cluster can reach it. */
export function isExternallyAccessible({
  type,
  externalIPs,
}: {
  readonly type?: string | undefined;
  readonly externalIPs?: readonly unknown[] | undefined;
}): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0);
}
