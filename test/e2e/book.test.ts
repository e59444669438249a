/**
 * The notes on "Kubernetes: Up and Running", walked as a reader would: chapter by chapter with real kubectl, on one
 * cluster. Expected outputs are those that the notes show; where v1.35 differs, docs/notes-differences.md says how.
 * Images that only the internet has are replaced by busybox, which changes no object's shape.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run, type RunResult } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { portForward } from '../support/port-forward.ts';

const cluster = testCluster('book-walk');
const k = kubectl(cluster.kubeconfig);
/** Knows flags and versions of the notes' time that newer ones dropped. */
const old = kubectl(cluster.kubeconfig, '1.20');
const node = 'book-walk-1';

const get = (...args: readonly string[]): Promise<string> => ok(k('get', ...args));
const path = (expression: string, ...what: readonly string[]): Promise<string> =>
  get(...what, '-o', `jsonpath=${expression}`);
const ready = (...what: readonly string[]): Promise<string> =>
  ok(k('wait', '--for=condition=Ready', 'pod', ...what, '--timeout=40s'));

/** The manifest of a chapter, written for this run; returns its file. */
function manifest(name: string, values: Readonly<Record<string, string>> = {}): string {
  const target = join(cluster.folder, name);
  const text = readFileSync(join(import.meta.dirname, 'book', name), 'utf8');
  const replaced = Object.entries({ HOST_FOLDER: cluster.folder, ...values }).reduce(
    (before, [key, value]) => before.replaceAll(key, value),
    text,
  );
  writeFileSync(target, replaced);
  return target;
}

const apply = (name: string, values?: Readonly<Record<string, string>>): Promise<string> =>
  ok(k('apply', '-f', manifest(name, values)));

async function addressOf(...pod: readonly string[]): Promise<string> {
  return (await path('{.items[0].status.podIP}', 'pods', ...pod)) || path('{.status.podIP}', 'pod', ...pod);
}

const put = (url: string, body: object): Promise<Response> => fetch(url, { method: 'PUT', body: JSON.stringify(body) });

beforeAll(async () => {
  await ok(cluster.up());
});
afterAll(() => cluster.destroy());

describe('3 Deploying a cluster', () => {
  test('its parts are healthy, and run as objects in kube-system', async () => {
    expect(await get('componentstatuses')).toMatch(/scheduler\s+Healthy[^]*controller-manager\s+Healthy/);
    expect(await get('nodes')).toMatch(new RegExp(`${node}\\s+Ready`));
    expect(await get('daemonSets', '--namespace=kube-system', 'kube-proxy')).toMatch(/kube-proxy\s+1\s+1/);
    await ok(k('rollout', 'status', 'deployments', '--namespace=kube-system', 'coredns', '--timeout=30s'));
    expect(await get('services', '--namespace=kube-system', 'kube-dns')).toContain('53/UDP,53/TCP,9153/TCP');
  });
});

describe('5 Pods', () => {
  test('run, exec, cp, label and delete, with the flags of the time', async () => {
    const image = 'gcr.io/kuar-demo/kuard-amd64:blue';
    expect(await ok(old('run', 'kuard', '--generator=run-pod/v1', `--image=${image}`))).toBe('pod/kuard created\n');
    await ready('kuard');
    const described = await ok(k('describe', 'pods', 'kuard'));
    expect(described).toMatch(/Labels:\s+run=kuard/);
    expect(described).toMatch(/Scheduled[^]*Pulling[^]*Pulled[^]*Created[^]*Started/);
    expect(await ok(k('logs', 'kuard'))).toContain('Serving on HTTP on :8080');
    expect(await ok(old('exec', 'kuard', 'date'))).toMatch(/20\d\d\n$/);
    const ash = `(sleep 1; echo 'echo in $0; exit'; sleep 2) | script -qec "${clientProgram('kubectl', '1.20')} exec -it kuard ash" /dev/null`;
    expect(await ok(run('sh', ['-c', ash], { env: { KUBECONFIG: cluster.kubeconfig } }))).toContain('in ash');
    const local = join(cluster.folder, 'config.txt');
    writeFileSync(local, 'copied\n');
    await ok(k('cp', local, 'kuard:/config.txt'));
    await ok(k('cp', 'kuard:/config.txt', `${local}.back`));
    expect(readFileSync(`${local}.back`, 'utf8')).toBe('copied\n');
    await ok(k('label', 'pods', 'kuard', 'color=red'));
    await ok(k('label', 'pods', 'kuard', 'color-'));
    expect(await get('pod', 'kuard', '--show-labels')).toMatch(/run=kuard\n/);
    expect((await k('logs', 'kuard', '--previous')).stderr).toContain(
      'previous terminated container "kuard" in pod "kuard" not found',
    );
    await ok(k('delete', 'pods/kuard', '--now'));
  });

  test('probes restart and unready it; limits end it; volumes are there', async () => {
    await apply('pods.yaml');
    await ready('kuard');
    expect(existsSync(join(cluster.folder, 'kuard'))).toBe(true);
    const base = `http://${await path('{.status.podIP}', 'pod', 'kuard')}:8080`;
    await put(`${base}/healthy/api`, { failNext: 3 });
    await eventually('it is restarted', async () => /kuard\s+1\/1\s+Running\s+1 \(/.test(await get('pod', 'kuard')));
    await eventually('its events say why', async () => {
      const events = await ok(k('describe', 'pod', 'kuard'));
      return (
        events.includes('Liveness probe failed: HTTP probe failed with statuscode: 500') &&
        events.includes('Container kuard failed liveness probe, will be restarted')
      );
    });
    expect(await ok(k('logs', 'kuard', '--previous'))).toContain('/healthy: fail the next 3');
    await put(`${base}/ready/api`, { failNext: -1 });
    await eventually('it is unready', async () => /kuard\s+0\/1\s+Running/.test(await get('pod', 'kuard')));
    await fetch(`${base}/mem/api/alloc?size=400000000`, { method: 'POST' }).catch(() => undefined);
    await eventually(
      'it is ended for its memory',
      async () =>
        (await path('{.status.containerStatuses[0].lastState.terminated.reason}', 'pod', 'kuard')) === 'OOMKilled',
    );
  });

  test('an NFS server that is not there keeps its pod waiting, and says why', async () => {
    expect(await get('pod', 'kuard-nfs')).toMatch(/0\/1\s+ContainerCreating/);
    expect(await ok(k('describe', 'pod', 'kuard-nfs'))).toContain('MountVolume.SetUp failed for volume "data"');
    await ok(k('delete', 'pod', '--all', '--now'));
  });
});

describe('6 Labels and annotations', () => {
  test('selectors of every kind', async () => {
    await apply('labels.yaml');
    await ok(k('label', 'deployments', 'alpaca-test', 'canary=true'));
    const names = async (kind: string, selector: string): Promise<readonly string[]> =>
      (await get(kind, '-l', selector, '-o', 'jsonpath={.items[*].metadata.labels.app}')).split(' ').filter(Boolean);
    expect(await get('deployments', '-L', 'canary')).toMatch(/alpaca-test\s.*\strue\n/);
    expect(await names('deployments', 'app in (alpaca,bandicoot)')).toHaveLength(3);
    expect(await names('deployments', 'canary')).toEqual(['alpaca']);
    expect(await names('deployments', 'ver=2,!canary')).toEqual(['bandicoot']);
    expect(await names('deployments', 'env notin (prod)')).toEqual(['alpaca']);
    await ok(k('wait', '--for=condition=Available', 'deploy', '--all', '--timeout=40s'));
    expect(await names('pods', 'ver=2,!canary'), 'only the deployment was labelled').toHaveLength(2);
    expect(await get('pods', '--show-labels')).toMatch(/app=alpaca,env=prod,pod-template-hash=\w+,ver=1/);
    await ok(k('label', 'deployments', 'alpaca-test', 'canary-'));
  });
});

describe('7 Service discovery', () => {
  test('a service has an address, a name in DNS, and variables in pods made after it', async () => {
    await ok(k('expose', 'deployment', 'alpaca-prod'));
    await ok(k('expose', 'deployment', 'bandicoot-prod'));
    expect(await get('services', '-o', 'wide')).toMatch(
      /alpaca-prod\s+ClusterIP\s.*8080\/TCP.*app=alpaca,env=prod,ver=1/,
    );
    const virtual = await path('{.spec.clusterIP}', 'service', 'alpaca-prod');
    const page = `http://${await addressOf('-l', 'app=bandicoot')}:8080/dns/api`;
    await eventually('DNS knows the name', async () => {
      const answer = await fetch(page, { method: 'POST', body: JSON.stringify({ type: 'A', name: 'alpaca-prod' }) });
      const { result } = (await answer.json()) as { result: string };
      return new RegExp(`alpaca-prod\\.default\\.svc\\.cluster\\.local\\.\\t\\d+\\tIN\\tA\\t${virtual}`).test(result);
    });
    await ok(k('delete', 'pod', '-l', 'app=bandicoot', '--now'));
    await ready('-l', 'app=bandicoot');
    expect(await ok(k('exec', 'deploy/bandicoot-prod', '--', 'env'))).toContain(`ALPACA_PROD_SERVICE_HOST=${virtual}`);
  });

  test('readiness moves endpoints; a node port answers; describe shows both', async () => {
    const count = async (): Promise<number> =>
      (await path('{.subsets[*].addresses[*].ip}', 'endpoints', 'alpaca-prod')).split(' ').filter(Boolean).length;
    expect(await count()).toBe(2);
    await put(`http://${await addressOf('-l', 'app=alpaca,env=prod')}:8080/ready/api`, { failNext: 3 });
    await eventually('one leaves', async () => (await count()) === 1);
    await eventually('it comes back', async () => (await count()) === 2);
    expect(await ok(k('describe', 'endpoints', 'alpaca-prod'))).toContain(
      'endpoints.kubernetes.io/last-change-trigger-time: ',
    );
    await ok(k('patch', 'service', 'alpaca-prod', '-p', '{"spec":{"type":"NodePort"}}'));
    const port = await path('{.spec.ports[0].nodePort}', 'service', 'alpaca-prod');
    await eventually('the node port answers', async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
    expect(await ok(k('describe', 'service', 'alpaca-prod'))).toMatch(
      new RegExp(`NodePort:\\s+<unset>\\s+${port}/TCP`),
    );
  });
});

describe('8 Ingress', () => {
  test('of extensions/v1beta1 routes by default, by host and by path', async () => {
    expect((await k('apply', '-f', manifest('ingress.yaml'))).stderr).toContain(
      'extensions/v1beta1 Ingress is deprecated',
    );
    const { http } = (
      JSON.parse(readFileSync(join(cluster.folder, 'data', 'cluster.json'), 'utf8')) as { ingress: { http: number } }
    ).ingress;
    const served = async (host: string, at: string): Promise<string> => {
      const { stdout } = await run('curl', ['-s', '-H', `Host: ${host}`, `http://127.0.0.1:${http}${at}env/api`]);
      return /"HOSTNAME":"(\w+-\w+)/.exec(stdout)?.[1] ?? '';
    };
    await eventually('it routes', async () => (await served('bandicoot.example.com', '/')) === 'bandicoot-prod');
    expect(await served('bandicoot.example.com', '/a/')).toBe('alpaca-prod');
    expect(await served('other.example.com', '/')).toBe('alpaca-prod');
    expect(await ok(k('describe', 'ingress', 'simple-ingress'))).toMatch(/Default backend:\s+alpaca-prod:8080 \(10\./);
    await ok(k('delete', 'ingress', '--all'));
    await ok(old('delete', 'services,deployments', '-l', 'app'));
  });
});

describe('9 ReplicaSets', () => {
  test('scale, let go of a pod whose label changes, and leave pods behind when asked to', async () => {
    await apply('replica-set.yaml');
    const pod = await eventually('it has a pod', () => path('{.items[0].metadata.name}', 'pods', '-l', 'app=kuard'));
    expect(await path('{.metadata.ownerReferences[0].kind}', 'pod', pod)).toBe('ReplicaSet');
    await ok(k('scale', 'replicasets', 'kuard', '--replicas=3'));
    await ok(k('label', 'pod', pod, 'app=debug', '--overwrite'));
    await eventually('another takes its place', async () => /kuard\s+3\s+3\s+3\s/.test(await get('rs', 'kuard')));
    expect(await get('pod', pod)).toContain('Running');
    await ok(old('delete', 'rs', 'kuard', '--cascade=false'));
    expect((await get('pods', '-l', 'app=kuard', '-o', 'name')).trim().split('\n')).toHaveLength(3);
    await ok(k('delete', 'pods', '--all', '--now'));
  });
});

describe('10 Deployments', () => {
  const rollOut = async (COLOUR: string, CAUSE: string): Promise<void> => {
    await apply('deployment.yaml', { COLOUR, CAUSE });
    await ok(k('rollout', 'status', 'deployments', 'kuard', '--timeout=60s'));
  };

  test('roll out, keep a history, go back, and rule over their ReplicaSets', async () => {
    await rollOut('blue', 'First blue kuard');
    const [set = ''] = (await get('rs', '-l', 'run=kuard', '-o', 'name')).split('\n');
    await ok(k('scale', set, '--replicas=1'));
    await eventually('the deployment scales it back', async () => (await path('{.spec.replicas}', set)) === '2');
    await rollOut('green', 'Update to green kuard');
    await ok(k('rollout', 'pause', 'deployments', 'kuard'));
    await ok(k('rollout', 'resume', 'deployments', 'kuard'));
    await rollOut('purple', 'Update to purple kuard');
    expect(await ok(k('rollout', 'history', 'deployment', 'kuard', '--revision=2'))).toContain(
      'kubernetes.io/change-cause: Update to green kuard',
    );
    await ok(k('rollout', 'undo', 'deployments', 'kuard'));
    await ok(k('rollout', 'undo', 'deployments', 'kuard', '--to-revision=3'));
    await ok(k('rollout', 'status', 'deployments', 'kuard', '--timeout=60s'));
    const history = await ok(k('rollout', 'history', 'deployment', 'kuard'));
    expect([...history.matchAll(/^(\d+) +(.+)$/gm)].map(([, revision, cause]) => [revision, cause])).toEqual([
      ['1', 'First blue kuard'],
      ['4', 'Update to green kuard'],
      ['5', 'Update to purple kuard'],
    ]);
    expect(await ok(k('describe', 'deployments', 'kuard'))).toMatch(
      /Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
    );
    expect((await old('get', 'deployments', 'kuard', '--export')).stderr).toContain('unknown flag: --export');
    await ok(k('delete', 'deployments', 'kuard'));
  });
});

describe('11 DaemonSets', () => {
  test('one pod per node, or per node with a label; a rolling update; --cascade=false', async () => {
    await apply('daemon-sets.yaml');
    await eventually('it runs', async () => /fluentd\s+1\s+1\s+1\s/.test(await get('daemonset', 'fluentd')));
    expect(await ok(k('describe', 'ds', 'fluentd'))).toMatch(/deprecated.daemonset.template.generation: 1/);
    expect(await get('ds', 'nginx-fast-storage')).toMatch(/storage\s+0\s+0\s+0\s.*ssd=true/);
    await ok(k('label', 'nodes', node, 'ssd=true'));
    const counts = (wanted: RegExp): Promise<unknown> =>
      eventually('the label counts', async () => wanted.test(await get('ds', 'nginx-fast-storage')));
    await counts(/storage\s+1\s+1\s+1\s/);
    const template = '{"spec":{"template":{"metadata":{"annotations":{"changed":"yes"}}}}}';
    await ok(k('patch', 'ds', 'nginx-fast-storage', '-p', template));
    await ok(k('rollout', 'status', 'daemonSets', 'nginx-fast-storage', '--timeout=40s'));
    await ok(k('label', 'nodes', node, 'ssd-'));
    await counts(/storage\s+0\s+0\s+0\s/);
    await ok(old('delete', 'ds', 'fluentd', '--cascade=false'));
    expect(await get('pods', '-l', 'app=fluentd')).toContain('Running');
    await ok(k('delete', 'pods', '-l', 'app=fluentd', '--now'));
    await ok(k('delete', 'ds', '--all'));
  });
});

describe('12 Jobs', () => {
  test('arguments without a command are no program; with one, all completions are counted', async () => {
    await apply('jobs.yaml');
    await eventually('it fails as in the notes', async () =>
      (await get('events')).includes('exec: "--keygen-enable": executable file not found in $PATH'),
    );
    await ok(k('wait', '--for=condition=Complete', 'job/parallel', '--timeout=60s'));
    expect(await ok(k('describe', 'job', 'parallel'))).toMatch(
      /Pods Statuses:\s+0 Active \(0 Ready\) \/ 3 Succeeded \/ 0 Failed/,
    );
    expect(await ok(k('logs', 'job/parallel'))).toMatch(/\(ID 0 1\/1\) Item done: SHA256:\S+\n.* Workload exiting/);
    await ok(k('delete', 'jobs', 'oneshot'));
    expect(await ok(old('describe', 'cronjob.batch/example-cron'))).toMatch(/Schedule:\s+0 \*\/5 \* \* \*/);
    await ok(k('delete', 'cronjobs', '--all'));
  });

  test('workers empty a queue that was filled through a forwarded port', async () => {
    await ready('-l', 'app=work-queue');
    const forward = await portForward(cluster.kubeconfig, 'rs/queue', 8080);
    const base = `http://localhost:${forward.port}/memq/server`;
    await fetch(`${base}/queues/keygen`, { method: 'PUT' });
    for (let item = 0; item < 3; item += 1)
      await fetch(`${base}/queues/keygen/enqueue`, { method: 'POST', body: `work-item-${item}` });
    await apply('consumers.yaml');
    await ok(k('wait', '--for=condition=Complete', 'job/consumers', '--timeout=60s'));
    expect(await (await fetch(`${base}/stats`)).json()).toMatchObject({
      queues: [{ name: 'keygen', depth: 0, enqueued: 3, dequeued: 3 }],
    });
    forward.stop();
    expect(await get('job', 'consumers')).toMatch(/3\/1 of 3/);
    await ok(k('delete', 'rs,svc,job', '-l', 'chapter=jobs'));
  });
});

describe('13 ConfigMaps and Secrets', () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(cluster.folder, name), text);
    return join(cluster.folder, name);
  };
  const config = (...more: readonly string[]): Promise<RunResult> => {
    const source = file('my-config.txt', 'parameter1 = value1\nparameter2 = value2\n');
    const literals = ['extra-param=extra-value', ...more].map((each) => `--from-literal=${each}`);
    return k(
      'create',
      'configmap',
      'my-config',
      `--from-file=${source}`,
      ...literals,
      '--dry-run=client',
      '-o',
      'yaml',
    );
  };

  test('a missing key is told, and once it is there the pod runs with file, variable and argument', async () => {
    const missing = file('cm.yaml', await ok(config()));
    await ok(k('apply', '-f', missing));
    const certificate = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
    await ok(run('openssl', [...certificate, '-keyout', file('kuard.key', ''), '-out', file('kuard.crt', '')]));
    const files = ['kuard.crt', 'kuard.key'].map((name) => `--from-file=${join(cluster.folder, name)}`);
    await ok(k('create', 'secret', 'generic', 'kuard-tls', ...files));
    const registry = ['--docker-username=u', '--docker-password=p', '--docker-email=e@example.com'];
    await ok(k('create', 'secret', 'docker-registry', 'my-image-pull-secret', ...registry));
    await apply('config.yaml');
    await eventually('it waits', async () => (await get('pod', 'kuard-config')).includes('CreateContainerConfigError'));
    const told = "Error: couldn't find key another-param in ConfigMap default/my-config";
    await eventually('it is told', async () => (await get('events')).includes(told));
    await ok(k('replace', '-f', file('cm.yaml', await ok(config('another-param=another-value')))));
    await ready('kuard-config');
    const base = `http://${await path('{.status.podIP}', 'pod', 'kuard-config')}:8080`;
    await eventually('it serves', async () => (await fetch(`${base}/fs/config/`)).ok);
    expect(await (await fetch(`${base}/env/api`)).json()).toMatchObject({
      commandLine: expect.arrayContaining(['extra-value']) as unknown,
      env: { ANOTHER_PARAM: 'another-value', EXTRA_PARAM: 'extra-value' },
    });
    expect(await (await fetch(`${base}/fs/config/my-config.txt`)).text()).toContain('parameter1 = value1');
  });

  test('a certificate from a secret serves HTTPS, and is not on disk', async () => {
    await ready('kuard-tls');
    const forward = await portForward(cluster.kubeconfig, 'kuard-tls', 8443);
    const url = `https://localhost:${forward.port}/`;
    const trusted = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', join(cluster.folder, 'kuard.crt'), url];
    await eventually('it answers', async () => (await run('curl', trusted)).stdout === '200');
    forward.stop();
    expect(await ok(k('exec', 'kuard-tls', '--', 'mount'))).toMatch(/tmpfs on \/tls type tmpfs \(ro/);
    expect((await k('create', 'cm', 'bad', '--from-literal=auth file.json=x')).stderr).toContain(
      'is not a valid key name',
    );
  });

  test('an edited ConfigMap reaches the running pod', async () => {
    await ok(k('patch', 'configmap', 'my-config', '-p', '{"data":{"extra-param":"edited"}}'));
    const changed = await eventually(
      'the file changes',
      async () => (await ok(k('exec', 'kuard-config', '--', 'cat', '/config/extra-param'))) === 'edited',
      100_000,
    );
    expect(changed).toBe(true);
    await ok(k('delete', 'pod', '--all', '--now'));
  });
});

describe('14 RBAC', () => {
  test('a role bound to a user and a group allows what it says, and no more', async () => {
    const may = async (...args: readonly string[]): Promise<string> =>
      (await k('auth', 'can-i', ...args)).stdout.trim();
    expect(await may('create', 'pods', '--as=alice')).toBe('no');
    await apply('access.yaml');
    await eventually('alice may', async () => (await may('create', 'pods', '--as=alice')) === 'yes');
    expect(await may('create', 'deployments', '--as=alice')).toBe('no');
    expect(await may('list', 'services', '--as=bob', '--as-group=mydevs')).toBe('yes');
    expect((await k('get', 'pods', '--as=alice', '-n', 'kube-system')).stderr).toContain(
      'User "alice" cannot list resource "pods" in API group "" in the namespace "kube-system"',
    );
    expect(await ok(k('auth', 'reconcile', '-f', manifest('access.yaml')))).toContain('pod-and-services reconciled');
    expect(await get('clusterroles')).toMatch(/^admin\s[^]*^cluster-admin\s[^]*^edit\s[^]*^view\s/m);
  });
});

describe('15 Storage', () => {
  test('names for what is outside', async () => {
    await apply('storage.yaml');
    await ready('asker');
    await ok(k('rollout', 'status', 'sts', 'mongo', '--timeout=40s'));
    const lookUp = async (name: string): Promise<string> => (await k('exec', 'asker', '--', 'nslookup', name)).stdout;
    expect(await lookUp('external-database.default.svc.cluster.local')).toContain(
      'canonical name = database.company.com',
    );
    expect(await ok(k('describe', 'service', 'external-ip-database'))).toMatch(/Endpoints:\s+192\.168\.0\.1:3306/);
    const portless = 'apiVersion: v1\nkind: Service\nmetadata: {name: portless}\n';
    writeFileSync(join(cluster.folder, 'portless.yaml'), portless);
    expect((await k('apply', '-f', join(cluster.folder, 'portless.yaml'))).stderr).toContain(
      'spec.ports: Required value',
    );
    await eventually('mysql.default.svc.cluster.local is known', async () =>
      /Address: 10\./.test(await lookUp('mysql.default.svc.cluster.local')),
    );
    expect(await lookUp('mysql.svc.default.cluster'), 'the notes have the parts in another order').toContain(
      'NXDOMAIN',
    );
    await eventually('mongo-1.mongo.default.svc.cluster.local is known', async () =>
      /Address: 10\./.test(await lookUp('mongo-1.mongo.default.svc.cluster.local')),
    );
    expect(await ok(k('exec', 'asker', '--', 'ping', '-c', '1', 'mongo-1.mongo'))).toContain('1 packets received');
  });

  test('a claim finds the volume with its label, and what is written outlives the pod', async () => {
    await ready('-l', 'app=mysql');
    expect(await get('pvc', 'database')).toMatch(/database\s+Bound\s+database\s+1Gi\s+RWX/);
    expect(await get('pvc', 'my-claim')).toMatch(/my-claim\s+Bound\s+pvc-\S+\s+10Gi\s+RWO\s+local-path/);
    await ok(k('delete', 'pod', '-l', 'app=mysql'));
    await ready('-l', 'app=mysql');
    await eventually('the second start is noted beside the first', async () =>
      /^mysql-\w+\nmysql-\w+\n$/.test(await ok(k('exec', 'rs/mysql', '--', 'cat', '/var/lib/mysql/starts'))),
    );
  });

  test('a StatefulSet goes up and down in order', async () => {
    const made = await get('pods', '-l', 'app=mongo', '-o', 'name', '--sort-by=.metadata.creationTimestamp');
    expect(made).toBe('pod/mongo-0\npod/mongo-1\npod/mongo-2\n');
    expect(await get('sts')).toMatch(/mongo\s+3\/3/);
    await ok(k('scale', 'sts', 'mongo', '--replicas=1'));
    const left = (): Promise<string> => get('pods', '-l', 'app=mongo', '-o', 'name');
    await eventually('two are gone', async () => (await left()) === 'pod/mongo-0\n');
    expect(await get('sts', 'mongo')).toMatch(/mongo\s+1\/1/);
    await ok(k('delete', 'sts', 'mongo'));
  });
});
