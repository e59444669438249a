/** Helm 4.1, 3.17 and 3.8: a chart of eleven kinds through its whole life. Expectations: what helm prints and records. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run, type ClientVersion, type RunResult } from '../support/clients.ts';
import { testCluster } from '../support/cluster.ts';

const cluster = testCluster('helm');
const chart = join(cluster.folder, 'chart');

const name = '{{ .Release.Name }}';
const job = (hook: string): string => `
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}-${hook}
  annotations: {helm.sh/hook: ${hook}, helm.sh/hook-delete-policy: 'before-hook-creation,hook-succeeded'}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: ['true']}]}}}
`;
const templates: Readonly<Record<string, string>> = {
  configuration: `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {replicas: "{{ .Values.replicas }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: ${name}}
stringData: {a: b}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${name}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ${name}}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ${name}}
roleRef: {kind: Role, name: ${name}, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: ${name}}]
`,
  workload: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      serviceAccountName: ${name}
      volumes: [{name: data, persistentVolumeClaim: {claimName: ${name}}}]
      containers:
      - name: c
        image: busybox
        command: [sleep, '1000']
        volumeMounts: [{name: data, mountPath: /data}]
        readinessProbe: {exec: {command: ['{{ .Values.ready }}']}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{port: 80, targetPort: 8080}], selector: {app: ${name}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}}
spec: {rules: [{host: a.b, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${name}, port: {number: 80}}}}]}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: ${name}}
spec: {minAvailable: 0, selector: {matchLabels: {app: ${name}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: ${name}}
spec:
  schedule: '0 0 1 1 *'
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`,
  hooks: `${job('pre-install')}---${job('post-upgrade')}`,
  test: `
apiVersion: v1
kind: Pod
metadata: {name: ${name}-test, annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [echo, tested]}]}
`,
};

beforeAll(async () => {
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: eleven\nversion: 0.1.0\n');
  writeFileSync(join(chart, 'values.yaml'), "replicas: 1\nready: 'true'\n");
  for (const [file, text] of Object.entries(templates)) writeFileSync(join(chart, 'templates', `${file}.yaml`), text);
  await ok(cluster.up());
});
afterAll(() => cluster.destroy());

describe.each<ClientVersion>(['1.35', '1.32', '1.20'])('helm that comes with kubectl %s', (version) => {
  const release = `r${version.replace('.', '')}`;
  const helm = (...args: readonly string[]): Promise<RunResult> =>
    run(clientProgram('helm', version), args, { env: { KUBECONFIG: cluster.kubeconfig }, timeout: 90_000 });
  const k = kubectl(cluster.kubeconfig);
  const replicas = (): Promise<string> => ok(k('get', 'deployment', release, '-o', 'jsonpath={.spec.replicas}'));

  test('installs, with a hook before', async () => {
    expect(await ok(helm('install', release, chart))).toMatch(/STATUS: deployed\nREVISION: 1\n/);
    await ok(k('rollout', 'status', `deployment/${release}`, '--timeout=30s'));
    const kinds = 'cm,secret,sa,role,rolebinding,deployment,service,ingress,pdb,cronjob,pvc';
    expect((await ok(k('get', kinds, release, '-o', 'name'))).trim().split('\n')).toHaveLength(11);
    expect((await k('get', 'job', `${release}-pre-install`)).code).toBe(1);
  });

  test('upgrades, and rolls back when the upgrade does not become ready', async () => {
    expect(await ok(helm('upgrade', release, chart, '--set', 'replicas=2'))).toMatch(/STATUS: deployed\nREVISION: 2\n/);
    expect(await replicas()).toBe('2');
    const atomic = version === '1.35' ? '--rollback-on-failure' : '--atomic';
    const failed = await helm('upgrade', release, chart, '--set', 'ready=false', atomic, '--timeout', '6s');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`UPGRADE FAILED: release ${release} failed, and has been rolled back due to`);
    const history = await ok(helm('history', release));
    expect(history).toMatch(/^2 .*superseded[^]*^3 .*failed[^]*^4 .*Rollback to 2/m);
  });

  test('rolls back on demand, tests, lists and tells', async () => {
    expect(await ok(helm('rollback', release, '1'))).toContain('Rollback was a success');
    expect(await ok(helm('test', release))).toMatch(/Phase: +Succeeded/);
    expect(await ok(helm('list'))).toMatch(new RegExp(`^${release}\\s+default\\s+5\\s.*deployed`, 'm'));
    expect(await ok(helm('status', release))).toContain('STATUS: deployed');
    expect(await ok(helm('get', 'manifest', release))).toContain('kind: CronJob');
  });

  test('uninstalls, leaving nothing', async () => {
    expect(await ok(helm('uninstall', release))).toBe(`release "${release}" uninstalled\n`);
    expect((await k('get', 'deployment,service,cm,pdb', release)).stderr).toContain('NotFound');
    expect(await ok(k('get', 'secrets', '-l', `owner=helm,name=${release}`, '-o', 'name'))).toBe('');
  });
});
