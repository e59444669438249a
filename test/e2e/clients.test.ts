/**
 * Every kubectl command that people use, by three unmodified versions, each in a namespace of its own, in order.
 * Expectations are what kubectl prints against upstream: its source (staging/src/k8s.io/kubectl/pkg/cmd) says how.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run, type ClientVersion } from '../support/clients.ts';
import { testCluster } from '../support/cluster.ts';
import { olderSteps, steps, type Step } from './kubectl-steps.ts';

const cluster = testCluster('clients');
const file = (name: string): string => join(cluster.folder, name);

beforeAll(async () => {
  await ok(cluster.up());
  const write = (name: string, content: string): void => writeFileSync(file(name), content);
  write('pod.yaml', pod);
  write('pod2.yaml', pod.replace('{app: a}', '{app: a, tier: two}'));
  write('dep.yaml', deployment);
  write('dep3.yaml', deployment.replace('replicas: 1', 'replicas: 3'));
  write('bad.yaml', pod.replace('restartPolicy', 'restartPolcy').replace('name: p1', 'name: bad'));
  write('older.yaml', older);
  write('history.sh', '#!/bin/sh\nsed -i "s/revisionHistoryLimit: .*/revisionHistoryLimit: 5/" "$1"\n');
  write('labels.sh', '#!/bin/sh\nsed -i "s/app: .*/app: b/" "$1"\n');
  await ok(run('chmod', ['+x', file('history.sh'), file('labels.sh')]));
  mkdirSync(file('kustomized'));
  write('kustomized/dep.yaml', deployment.replaceAll('d1', 'k1'));
  const generated = 'configMapGenerator: [{name: generated, literals: [a=b]}]';
  write('kustomized/kustomization.yaml', `resources: [dep.yaml]\nnamePrefix: x-\n${generated}\n`);
});
afterAll(() => cluster.destroy());

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: p1, labels: {app: a}}
spec:
  terminationGracePeriodSeconds: 0
  automountServiceAccountToken: false
  restartPolicy: Always
  containers: [{name: c, image: busybox, command: [sh, -c, 'echo one; echo two; sleep 1000']}]
`;
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d1, labels: {app: d}}
spec:
  replicas: 1
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: busybox, command: [sleep, '1000']}]
`;
const older = `
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: older}
spec: {rules: [{host: a.b, http: {paths: [{path: /, backend: {serviceName: web, servicePort: 80}}]}}]}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: older}
spec:
  schedule: '0 0 1 1 *'
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}
`;

/** A kubeconfig whose namespace is `name`, which is made. */
async function inNamespace(name: string): Promise<string> {
  const k = kubectl(cluster.kubeconfig);
  await ok(k('create', 'namespace', name));
  const config = file(`kubeconfig-${name}`);
  const content = await ok(k('config', 'view', '--raw', '--flatten', '-o', 'json'));
  const parsed = JSON.parse(content) as { contexts: { context: { namespace?: string } }[] };
  for (const { context } of parsed.contexts) context.namespace = name;
  writeFileSync(config, JSON.stringify(parsed));
  return config;
}

/** The exit code, and either what was expected or, if that is not it, what was printed. */
async function outcome(version: ClientVersion, config: string, { args, out, input, env }: Step): Promise<object> {
  const words = args.split(' ').map((word) => word.replaceAll('~', ' ').replace('NODE', `${cluster.name}-1`));
  const { code, stdout, stderr } = await run(clientProgram('kubectl', version), words, {
    env: { KUBECONFIG: config, ...env },
    cwd: cluster.folder,
    timeout: 60_000,
    ...(input === undefined ? {} : { input }),
  });
  const text = stdout + stderr;
  const fits = typeof out === 'string' ? text === out : out.test(text);
  return { code, out: fits ? out : text };
}

describe.each<ClientVersion>(['1.35', '1.32'])('kubectl %s', (version) => {
  let config = '';
  beforeAll(async () => {
    config = await inNamespace(`k${version.replace('.', '')}`);
  });
  test.each(steps(version))('$args', async (step) => {
    expect(await outcome(version, config, step)).toEqual({ code: step.code ?? 0, out: step.out });
  });
});

describe('kubectl 1.20', () => {
  let config = '';
  beforeAll(async () => {
    config = await inNamespace('k120');
  });
  test.each(olderSteps)('$args', async (step) => {
    expect(await outcome('1.20', config, step)).toEqual({ code: step.code ?? 0, out: step.out });
  });
});
