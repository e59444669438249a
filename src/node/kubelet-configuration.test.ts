import { expect, test } from 'vitest';
import { readKubeletConfiguration } from './kubelet-configuration.ts';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

test('settings are those of the agent, in its units', async () => {
  const config = await readKubeletConfiguration(`${head}
maxPods: 50
singleProcessOOMKill: true
staticPodPath: /etc/kubernetes/manifests
evictionHard: {memory.available: 200Mi, nodefs.available: 5%}
evictionSoft: {memory.available: 1Gi}
evictionSoftGracePeriod: {memory.available: 1m30s}
evictionMinimumReclaim: {memory.available: 0Mi, nodefs.inodesFree: 2.5%, imagefs.available: 2Gi}
evictionMaxPodGracePeriod: 60
containerLogMaxSize: 50Mi
systemReserved: {cpu: 500m, memory: 1Gi}
kubeReserved: {cpu: '1'}
registerWithTaints: [{key: dedicated, value: db, effect: NoSchedule}]
crashLoopBackOff: {maxContainerRestartPeriod: 10s}
clusterDNS: [169.254.20.10]
seccompDefault: true
serializeImagePulls: true
imageMaximumGCAge: 24h
`);
  expect(config).toEqual({
    maxPods: 50,
    singleProcessOomKill: true,
    staticPodPath: '/etc/kubernetes/manifests',
    evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '5%' },
    evictionSoft: { 'memory.available': '1Gi' },
    evictionSoftGracePeriod: { 'memory.available': 90 },
    evictionMinimumReclaim: { 'memory.available': '0Mi', 'nodefs.inodesFree': '2.5%', 'imagefs.available': '2Gi' },
    evictionMaxPodGracePeriod: 60,
    containerLogMaxSize: 52_428_800,
    reserved: { cpu: '1500m', memory: '1Gi' },
    taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
    maxCrashLoopBackOff: 10,
    clusterDns: ['169.254.20.10'],
    seccompDefault: true,
    maxParallelImagePulls: 1,
    imageMaximumAge: 86_400,
  });
});

test.each([
  ['kind: Pod', 'not of kind KubeletConfiguration'],
  [`${head}singleProcessOOMKill: 'no'`, 'singleProcessOOMKill: must be true or false, not "no"'],
  [`${head}maxPods: many`, 'maxPods: must be a whole number of at least 1, not "many"'],
  [`${head}cgroupDriver: systemd`, 'cgroupDriver: this agent has no such setting'],
  [`${head}toString: x`, 'toString: this agent has no such setting'],
  [`${head}staticPodPath: manifests`, 'staticPodPath: must be an absolute path'],
  [`${head}evictionHard: {memory.free: 1Gi}`, 'evictionHard: there is no signal memory.free'],
  [`${head}evictionHard: {memory.available: lots}`, 'evictionHard: '],
  [`${head}evictionHard: {nodefs.inodesFree: 101%}`, 'evictionHard: nodefs.inodesFree: must be at most 100%, not 101%'],
  [`${head}evictionHard: {nodefs.inodesFree: 0}`, 'evictionHard: nodefs.inodesFree: must be positive, not 0'],
  [`${head}evictionMinimumReclaim: {memory.free: 1Gi}`, 'evictionMinimumReclaim: there is no signal memory.free'],
  [`${head}evictionMinimumReclaim: {pid.available: 0%}`, 'pid.available: must be positive, not 0%'],
  [`${head}evictionMinimumReclaim: {pid.available: -1}`, 'pid.available: must not be negative, as -1 is'],
  [`${head}evictionSoftGracePeriod: {pid.available: -1s}`, 'pid.available: must not be negative, as -1s is'],
  [`${head}evictionSoft: {memory.available: 1Gi}`, 'grace period must be specified for memory.available'],
  [`${head}evictionPressureTransitionPeriod: 5`, 'evictionPressureTransitionPeriod: must be a string, not 5'],
  [`${head}clusterDNS: [dns.example]`, 'clusterDNS: must be IP addresses, not "dns.example"'],
  [
    `${head}serializeImagePulls: true\nmaxParallelImagePulls: 2`,
    'maxParallelImagePulls: cannot be larger than 1 unless serializeImagePulls is false',
  ],
  [`${head}crashLoopBackOff: {maxContainerRestartPeriod: 1h}`, 'between 1s and 300s'],
  ['a: [', 'error converting YAML'],
])('what it cannot be is refused with the field at fault: %s', async (text, complaint) => {
  await expect(readKubeletConfiguration(text)).rejects.toThrow(complaint);
});
