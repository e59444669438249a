import { expect, it } from 'vitest';
import { readAdmissionConfiguration } from './configuration.ts';
import { textOf } from './pod-security/level.ts';

const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n';
const security = `apiVersion: pod-security.admission.config.k8s.io/v1
kind: PodSecurityConfiguration
defaults: {enforce: baseline, enforce-version: v1.30, audit: restricted}
exemptions: {usernames: [ann], namespaces: [kube-system], runtimeClasses: []}
`;
const events = `{name: EventRateLimit, configuration: {apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limits: [{type: Server, qps: 10, burst: 20}]}}`;
const noFile = (): string => '';

it('reads settings in place and in files of their own', async () => {
  const read = (path: string): string => (path === 'security.yaml' ? security : '');
  const text = `${head}plugins: [{name: PodSecurity, path: security.yaml}, ${events}]`;
  const { podSecurity, eventLimits } = await readAdmissionConfiguration(text, read);
  const { enforce, audit, warn } = podSecurity!.defaults!;
  expect([enforce, audit, warn].map(textOf)).toEqual(['baseline:v1.30', 'restricted:latest', 'privileged:latest']);
  expect(podSecurity!.exemptions).toEqual({ usernames: ['ann'], namespaces: ['kube-system'], runtimeClasses: [] });
  expect(eventLimits).toEqual([{ type: 'Server', perSecond: 10, burst: 20 }]);
});

const inPlace = (more: string): string =>
  `${head}plugins: [{name: PodSecurity, configuration: {apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration, ${more}}}]`;

it.each([
  ['kind: AdmissionConfiguration', 'apiVersion apiserver.config.k8s.io/v1'],
  [
    `${head}plugins: [{name: Other}]`,
    'plugins[0].name: nothing can be set of Other, but of PodSecurity and EventRateLimit',
  ],
  [
    `${head}plugins: [{name: PodSecurity, configuration: {kind: X}}]`,
    'plugins[0].configuration: must be of kind PodSecurityConfiguration',
  ],
  [`${head}plugins: [{name: PodSecurity}]`, 'plugins[0].configuration: must be an object'],
  [inPlace('defaults: {enforce: strict}'), 'plugins[0].configuration.defaults: '],
  [inPlace('defaults: {enforced: baseline}'), 'defaults.enforced: must be one of enforce, enforce-version'],
  [inPlace('exemptions: {users: [a]}'), 'exemptions.users: is not known'],
  [inPlace('exemptions: {usernames: a}'), 'exemptions.usernames: must be a list of names'],
  [`${head}plugins: [${events.replace('qps: 10', 'qps: 0')}]`, 'limits[0]: qps must be above 0'],
  [`${head}plugins: [${events.replace('Server', 'Planet')}]`, 'limits[0].type: must be one of Server'],
])('says what is wrong with %s', async (text, message) => {
  await expect(readAdmissionConfiguration(text, noFile)).rejects.toThrow(message);
});
