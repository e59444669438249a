/** Tests beyond conformance that are not run, and why. Pure. docs/decisions/upstream-suite.md tells more. */
import type { LeftOut } from './left-out.ts';

/** The first entry that matches counts, so those that leave out most come first. */
export const leftOutBeyond: readonly LeftOut[] = [
  {
    reason: 'it needs nodes with Windows',
    pattern: /\[sig-windows\]|Windows pods|windows-gcepd/,
  },
  {
    reason: "it asks a cloud, or vSphere, for disks, load balancers, machines, images or a machine's metadata",
    pattern: new RegExp(
      [
        String.raw`sig-cloud-provider`,
        String.raw`\[Driver: (?:pd\.csi\.storage\.gke\.io|vsphere|gcepd|cinder|azure-disk|aws)\]`,
        String.raw`\[Feature:vsphere\]`,
        String.raw`\[Feature:(?:NEG|kubemci|IngressScale|Recreate|GKE\w*|HAMaster|ClusterSizeAutoscaling\w*)\]`,
        String.raw`Cluster size autoscal|GPU|accelerator|Stackdriver|Elasticsearch|Kibana|Metadata Concealment`,
        String.raw`\] (?:ESIPP|Firewall rule|Multi-AZ Cluster|Regional PD|Pod Disks|Loadbalancing: L7 GCE)`,
        String.raw`load[- ]?balancer|LoadBalancer|LB health check|internal type|GCEPD|\[Provider:GCE\]|GCE zone|AWS KMS`,
        String.raw`gce-localssd|External should let an external dynamic provisioner|GlusterDynamicProvisioner`,
        String.raw`\] Dynamic Provisioning DynamicProvisioner \[Slow\]|\] Upgrade|Upgrade \[Feature|Downgrade`,
        String.raw`StatefulUpgrade|pods that use multiple volumes should be reschedulable`,
        String.raw`\] Volume (?:limits|Provisioning On|Disk|Attach|FStype|Operations|Placement)|Dashboard`,
      ].join('|'),
    ),
  },
  {
    reason: 'it logs in to the nodes by SSH, to stop their processes, cut their network, or look around',
    pattern: new RegExp(
      [
        String.raw`SSH|crictl|NodeProblemDetector|\] DaemonRestart|Network Partition|Etcd failure|iptables rules`,
        String.raw`work after restarting|kubelet restarts|kube-controller-manager restarts|HostCleanup`,
        String.raw`disruptive\[Disruptive\]|Flexvolume|flexvolume|flex volumes`,
      ].join('|'),
    ),
  },
  {
    reason: 'it needs a file server in an image of its own and a kernel that mounts from it',
    pattern:
      /\[Driver: (?:nfs|gluster|ceph|rbd|iscsi)\]|GCP Volumes|PersistentVolumes NFS|mounted devices can be resized/,
  },
  {
    reason: "its CSI driver and sidecars come as images that nothing stands in for; Coracle's own tests bring a driver",
    pattern: /\] CSI (?:mock volume|Volumes)/,
  },
  {
    reason: 'it reads a private registry, pulls from the internet, or wants an application from there',
    pattern:
      /private (?:image|registry)|should be able to pull image|Internet connection|Deploy clustered applications|L7 \[Slow\] Nginx|IPerf|Feature:Networking-IPv/,
  },
  {
    reason: 'this kind of volume has nothing of that sort; the test would skip itself',
    pattern: new RegExp(
      [
        String.raw`\[Driver: (?:emptydir|hostPath|hostPathSymlink)\] \[Testpattern: (?!Inline-volume \(default fs\))`,
        String.raw`\[Driver: local\]\[LocalVolumeType: [\w-]+\] \[Testpattern: (?!Pre-provisioned PV \((?:default fs|block volmode|filesystem volmode)\))`,
      ].join('|'),
    ),
  },
  {
    reason: 'it needs a cluster with addresses of both families',
    pattern: /IPv6DualStackAlphaFeature/,
  },
  {
    reason: 'it needs SCTP in the kernel, which may not be there',
    pattern: /SCTPConnectivity|SCTP HostPort/,
  },
  {
    reason: 'Kubernetes v1.35 has no PodSecurityPolicy',
    pattern: /PodSecurityPolicy/,
  },
  {
    reason: 'it measures speed, of machines larger than this one',
    pattern: /\[Performance\]|PerformanceDNS|resource usage tracking|GarbageCollector|Feature:PodGarbageCollector/,
  },
  {
    reason: 'Coracle does not serve objects of custom resources yet',
    pattern: /[Cc]ustom resource|for CRD with|\] CustomResource/,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: it waits for a Secret with a token per service account, gone since 1.24',
    pattern: /should ensure a single API token exists/,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: a Job has failed when its pods have ended, 30 s later than this waits',
    pattern: /\] Job should fail when exceeds active deadline/,
  },
  {
    reason: 'it names the parts that kube-apiserver is made of, and Coracle is made of others',
    pattern: /health handlers should contain necessary checks/,
  },
  {
    reason: 'its library knows no tokens but those signed with RSA, whatever the issuer says; here it is P-256',
    pattern: /should support OIDC discovery of service account issuer/,
  },
  {
    reason: "it asks all kubelets at port 10250, and the first node's is one that is free on the machine",
    pattern: /\[Feature:NodeAuthenticator\]/,
  },
  {
    reason: "it gives kubectl a proxy, which kubectl does not use for the API server's address, 127.0.0.1",
    pattern: /should support exec through an HTTP proxy/,
  },
  {
    reason: 'it makes a link of a kind that kernels may lack (dummy)',
    pattern: /\] PrivilegedPod /,
  },
  {
    reason: 'it looks into the connection table with an image of its own',
    pattern: /\] KubeProxy should set TCP CLOSE_WAIT timeout/,
  },
  {
    reason: 'it runs CoreDNS out of the image of agnhost, where it is not, or looks for its own in kube-system',
    pattern: /should support configurable pod resolv\.conf|\] DNS configMap nameserver/,
  },
  {
    reason: 'it asks pods named kube-scheduler and kube-controller-manager for metrics, and both are in the server',
    pattern: /\] MetricsGrabber |\[Serial\] Volume metrics/,
  },
  {
    reason: 'it wants an addon that scales the cluster DNS with the number of nodes',
    pattern: /\] DNS horizontal autoscaling/,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: the annotation that keeps pods away from a node went with v1.22',
    pattern: /should avoid nodes that have avoidPod annotation/,
  },
  {
    reason: 'it wants a runtime handler named test-handler on the nodes',
    pattern: /\] RuntimeClass should run a Pod requesting a RuntimeClass with/,
  },
  {
    reason: "Coracle's service proxy has no ports of its own, where kube-proxy tells its health and its mode",
    pattern: /\] Networking should check kube-proxy urls/,
  },
  {
    reason: "it wants no default class for Ingress, and Coracle's own is the default",
    pattern: /\] IngressClass .* should not set default value if no default/,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: of several default classes for Ingress it takes the newest',
    pattern: /\] IngressClass .* if more than 1 IngressClass marked as default/,
  },
  {
    reason:
      "a pod in its node's network wants port 8080 at all addresses, and the built-in DNS has it at its own there",
    pattern: /\] Networking .* should function for service endpoints using hostNetwork/,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: it writes flowcontrol.apiserver.k8s.io/v1beta1, gone since 1.26',
    pattern: /\] API priority and fairness /,
  },
];
