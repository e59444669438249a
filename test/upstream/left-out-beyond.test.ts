import { expect, test } from 'vitest';
import { leftOutBeyond } from './left-out-beyond.ts';
import { sortOut } from './left-out.ts';

/** One real name per entry, in the table's order. */
const examples = [
  '[sig-windows] DNS should support configurable pod DNS servers',
  '[sig-network] ESIPP [Slow] should work from pods',
  '[k8s.io] [sig-node] SSH should SSH to all nodes and run commands',
  '[sig-storage] GCP Volumes GlusterFS should be mountable',
  '[sig-storage] CSI mock volume storage capacity unlimited',
  '[sig-network] Loadbalancing: L7 [Slow] Nginx should conform to Ingress spec',
  '[sig-storage] In-tree Volumes [Driver: emptydir] [Testpattern: Dynamic PV (ext3)] volumes should store data',
  '[sig-network] [Feature:IPv6DualStackAlphaFeature] [LinuxOnly] should have ipv4 and ipv6 node podCIDRs',
  '[sig-network] SCTP [Feature:SCTP] [LinuxOnly] should create a Pod with SCTP HostPort',
  '[sig-auth] PodSecurityPolicy [Feature:PodSecurityPolicy] should forbid pod creation when no PSP is available',
  '[sig-network] [Feature:PerformanceDNS][Serial] Should answer DNS query for maximum number of services per cluster',
  '[sig-api-machinery] Discovery Custom resource should have storage version hash',
  '[sig-auth] ServiceAccounts should ensure a single API token exists',
  '[sig-apps] Job should fail when exceeds active deadline',
  '[sig-api-machinery] health handlers should contain necessary checks',
  '[sig-auth] ServiceAccounts should support OIDC discovery of service account issuer [Feature:ServiceAccountIssuerDiscovery]',
  '[sig-auth] [Feature:NodeAuthenticator] The kubelet can delegate ServiceAccount tokens to the API server',
  '[sig-cli] Kubectl client Simple pod should support exec through an HTTP proxy',
  '[k8s.io] PrivilegedPod [NodeConformance] should enable privileged commands [LinuxOnly]',
  '[sig-network] KubeProxy should set TCP CLOSE_WAIT timeout [Privileged]',
  '[sig-network] DNS should support configurable pod resolv.conf',
  '[sig-instrumentation] MetricsGrabber should grab all metrics from a Kubelet.',
  '[sig-autoscaling] DNS horizontal autoscaling [DisabledForLargeClusters] kube-dns-autoscaler should scale kube-dns pods in both nonfaulty and faulty scenarios',
  '[sig-scheduling] SchedulerPriorities [Serial] Pod should avoid nodes that have avoidPod annotation',
  '[sig-node] RuntimeClass should run a Pod requesting a RuntimeClass with a configured handler [NodeFeature:RuntimeHandler]',
  '[sig-network] Networking should check kube-proxy urls',
  '[sig-network] IngressClass [Feature:Ingress] should not set default value if no default IngressClass [Serial]',
  '[sig-network] IngressClass [Feature:Ingress] should prevent Ingress creation if more than 1 IngressClass marked as default [Serial]',
  '[sig-network] Networking Granular Checks: Services should function for service endpoints using hostNetwork',
  "[sig-api-machinery] API priority and fairness should ensure that requests can't be drowned out (priority)",
];

test('each entry matches what it is for, and nothing else', () => {
  expect(leftOutBeyond).toHaveLength(examples.length);
  expect(sortOut(examples).left.map(({ names }) => names)).toEqual(examples.map((name) => [name]));
});

test.each([
  '[k8s.io] [sig-node] Mount propagation should propagate mounts to the host',
  '[sig-apps] Job should fail to exceed backoffLimit',
  '[sig-cli] Kubectl Port forwarding With a server listening on localhost should support forwarding over websockets',
  '[sig-network] Networking Granular Checks: Services should function for client IP based session affinity: udp [LinuxOnly]',
  '[sig-network] SCTP [Feature:SCTP] [LinuxOnly] should create a ClusterIP Service with SCTP ports',
  '[sig-storage] In-tree Volumes [Driver: emptydir] [Testpattern: Inline-volume (default fs)] subPath should support existing directory',
  '[sig-storage] In-tree Volumes [Driver: local][LocalVolumeType: block] [Testpattern: Pre-provisioned PV (block volmode)] volumes should store data',
  '[sig-storage] PersistentVolumes-local  [Volume type: tmpfs] Set fsGroup for local volume should set fsGroup for one pod [Slow]',
  '[sig-storage] HostPathType Socket [Slow] Should fail on mounting non-existent socket',
])('is run: %s', (name) => {
  expect(sortOut([name])).toEqual({ chosen: [name], left: [] });
});
