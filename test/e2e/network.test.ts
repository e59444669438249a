/**
 * The network as users meet it: three nodes on one machine, Services of every type, DNS from pods, Ingress,
 * NetworkPolicies, a node that is cut off, and rollouts under load. Everything through real kubectl and sockets.
 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, ok } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('network');
const k = kubectl(cluster.kubeconfig);

interface Settings {
  readonly serviceCidr: string;
  readonly ingress: { readonly http: number; readonly https: number };
}
const settings = (): Settings =>
  JSON.parse(readFileSync(join(cluster.folder, 'data', 'cluster.json'), 'utf8')) as Settings;

const manifests = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: busybox
        command: [sh, -c]
        args: ["mkdir -p /www/api; echo $NODE > /www/index.html; echo api > /www/api/index.html; echo serving; exec httpd -f -p 8080 -h /www"]
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {port: http, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-node-port}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-balanced}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec: {sessionAffinity: ClientIP, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: db, image: busybox, command: [sleep, "9999"]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: busybox, command: [sleep, "9999"]}]
`;

interface Page {
  readonly status: number;
  readonly body: string;
  readonly location?: string | undefined;
}

/** One request over a connection of its own. */
function get(address: string, options: { host?: string; path?: string; timeout?: number } = {}): Promise<Page> {
  const { host, path = '/', timeout = 3_000 } = options;
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { Host: host };
    const request = httpRequest(`http://${address}${path}`, { agent: false, headers, timeout }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, body: body.trim(), location: answered.location });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${address} within ${timeout} ms`)));
    request.on('error', reject);
    request.end();
  });
}

/** Bodies of several requests, without repetition. */
async function answers(address: string, count = 24): Promise<readonly string[]> {
  const pages: string[] = [];
  for (let at = 0; at < count; at += 1) pages.push((await get(address)).body);
  return [...new Set(pages)].sort();
}

const field = async (path: string, ...what: readonly string[]): Promise<string> =>
  (await ok(k('get', ...what, '-o', `jsonpath={${path}}`))).trim();
const clusterIp = (service: string): Promise<string> => field('.spec.clusterIP', 'service', service);
const apply = async (name: string, yaml: string): Promise<void> => {
  const path = join(cluster.folder, `${name}.yaml`);
  writeFileSync(path, yaml);
  await ok(k('apply', '-f', path));
};
/** A request from within a pod; '' when it is not answered. */
async function fetchFrom(pod: string, host: string, port: number): Promise<string> {
  const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc ${host} ${port} | tail -1`;
  return (await k('exec', pod, '--', 'sh', '-c', script)).stdout.trim();
}

const nodes = ['network-1', 'network-2', 'network-3'];

beforeAll(async () => {
  await ok(cluster.up('--nodes', '3'));
  await apply('all', manifests);
  await ok(k('rollout', 'status', 'ds/web', '--timeout=30s'));
  await ok(k('rollout', 'status', 'sts/db', '--timeout=30s'));
  await ok(k('wait', '--for=condition=Ready', 'pod/client', '--timeout=30s'));
});
afterAll(() => cluster.destroy());

describe('three nodes on one machine', () => {
  test('are Ready, each with an address and a range of pod addresses of its own', async () => {
    await ok(k('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=20s'));
    for (const path of ['.spec.podCIDR', '.status.addresses[?(@.type=="InternalIP")].address']) {
      const values = await Promise.all(nodes.map((name) => field(path, 'node', name)));
      expect(new Set(values).size).toBe(3);
    }
  });

  test('each run their pods in namespaces of their own, but the first in the network of the machine', () => {
    const namespaces = (kind: string): readonly string[] =>
      nodes.map((name) => {
        const state = JSON.parse(readFileSync(`/run/coracle/network/agent-${name}.json`, 'utf8')) as { pid: number };
        return execFileSync('readlink', [`/proc/${state.pid}/ns/${kind}`], { encoding: 'utf8' });
      });
    const own = (kind: string): string => execFileSync('readlink', [`/proc/self/ns/${kind}`], { encoding: 'utf8' });
    for (const kind of ['net', 'mnt']) {
      expect(new Set(namespaces(kind)).size).toBe(3);
      expect(namespaces(kind)[0]).toBe(own(kind));
    }
  });

  test('kubectl reads logs and runs commands on every one of them', async () => {
    const pods = (await ok(k('get', 'pods', '-l', 'app=web', '-o', 'name'))).trim().split('\n');
    expect(pods).toHaveLength(3);
    for (const pod of pods) expect(await ok(k('logs', pod))).toBe('serving\n');
    const seen = await Promise.all(pods.map((pod) => ok(k('exec', pod, '--', 'sh', '-c', 'echo $NODE'))));
    expect(seen.map((each) => each.trim()).sort()).toEqual(nodes);
  });

  test('their pods reach each other under their own addresses', async () => {
    const items = JSON.parse(await ok(k('get', 'pods', '-l', 'app=web', '-o', 'json'))) as {
      items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
    };
    for (const from of items.items)
      for (const to of items.items)
        expect(await fetchFrom(from.metadata.name, to.status.podIP, 8080)).toBe(to.spec.nodeName);
  });
});

describe('Services', () => {
  test('a cluster address leads to all pods, from the machine and from pods', async () => {
    expect(await answers(await clusterIp('web'))).toEqual(nodes);
    expect(nodes).toContain(await fetchFrom('client', 'web', 80));
  });

  test('a node port answers on every node, and on loopback', async () => {
    const port = await field('.spec.ports[0].nodePort', 'service', 'web-node-port');
    const addresses = await Promise.all(
      nodes.map((name) => field('.status.addresses[?(@.type=="InternalIP")].address', 'node', name)),
    );
    for (const address of ['127.0.0.1', ...addresses]) expect(nodes).toContain((await get(`${address}:${port}`)).body);
  });

  test('a load balancer has an address that answers, and gives it back', async () => {
    const ip = await eventually('an external address', () =>
      field('.status.loadBalancer.ingress[0].ip', 'service', 'web-balanced').then((text) => text || undefined),
    );
    expect(await answers(ip)).toEqual(nodes);
    await ok(k('patch', 'service', 'web-balanced', '-p', '{"spec":{"type":"ClusterIP"}}'));
    await eventually('the address to be free', async () => {
      const left = await field('.status.loadBalancer', 'service', 'web-balanced');
      return (
        (left === '' || left === '{}') &&
        (await get(ip, { timeout: 500 }).then(
          () => false,
          () => true,
        ))
      );
    });
  });

  test('session affinity stays with one pod', async () => {
    expect(await answers(await clusterIp('sticky'))).toHaveLength(1);
  });

  test('endpoints made by hand lead where they say', async () => {
    const target = await field('.items[0].status.podIP', 'pods', '-l', 'app=web');
    await apply(
      'manual',
      `
apiVersion: v1
kind: Service
metadata: {name: manual}
spec: {ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: manual-1, labels: {kubernetes.io/service-name: manual}}
addressType: IPv4
endpoints: [{addresses: ["${target}"]}]
ports: [{name: "", port: 8080, protocol: TCP}]
`,
    );
    const ip = await clusterIp('manual');
    const answer = await eventually('an answer', async () => (await get(ip, { timeout: 500 })).body);
    expect(nodes).toContain(answer);
  });

  test('without endpoints a connection is refused at once', async () => {
    const began = performance.now();
    await expect(get(await clusterIp('nobody'))).rejects.toThrow('ECONNREFUSED');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('a flushed ruleset is put back', async () => {
    const ip = await clusterIp('web');
    const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n');
    const own = tables.find((line) => line.endsWith(' coracle-network-network-1'));
    execFileSync('nft', `delete ${own ?? ''}`.split(' '));
    const answer = await eventually('the rules to be back', async () => (await get(ip, { timeout: 500 })).body, 60_000);
    expect(nodes).toContain(answer);
  });
});

describe('DNS', () => {
  const lookup = async (name: string): Promise<string> => (await k('exec', 'client', '--', 'nslookup', name)).stdout;
  const resolver = (): Resolver => {
    const made = new Resolver({ timeout: 2_000, tries: 2 });
    made.setServers([settings().serviceCidr.replace(/\.0\/\d+$/, '.10')]);
    return made;
  };

  test('pods find Services by short and by full names', async () => {
    const ip = await clusterIp('web');
    expect(await lookup('web.default.svc.cluster.local')).toContain(`Address: ${ip}`);
    expect(nodes).toContain(await fetchFrom('client', 'web.default', 80));
    expect(nodes).toContain(await fetchFrom('client', 'elsewhere', 80));
  });

  test('a headless Service has its pods, each with a name of its own', async () => {
    const ips = await Promise.all(['db-0', 'db-1'].map((name) => field('.status.podIP', 'pod', name)));
    expect([...(await resolver().resolve4('db.default.svc.cluster.local'))].sort()).toEqual([...ips].sort());
    expect(await resolver().resolve4('db-1.db.default.svc.cluster.local')).toEqual([ips[1]]);
    expect(await lookup('db-0.db.default.svc.cluster.local')).toContain(ips[0]);
  });

  test('SRV records name ports and pods; PTR records lead back', async () => {
    expect(await resolver().resolveSrv('_http._tcp.web.default.svc.cluster.local')).toEqual([
      expect.objectContaining({ port: 80, name: 'web.default.svc.cluster.local' }),
    ]);
    const targets = await resolver().resolveSrv('_http._tcp.db.default.svc.cluster.local');
    expect(targets.map(({ name, port }) => `${name}:${port}`).sort()).toEqual([
      'db-0.db.default.svc.cluster.local:8080',
      'db-1.db.default.svc.cluster.local:8080',
    ]);
    expect(await resolver().reverse(await clusterIp('web'))).toEqual(['web.default.svc.cluster.local']);
    expect(await resolver().resolveCname('elsewhere.default.svc.cluster.local')).toEqual([
      'web.default.svc.cluster.local',
    ]);
  });

  test('a name that does not exist is said not to', async () => {
    await expect(resolver().resolve4('nothing.default.svc.cluster.local')).rejects.toThrow('ENOTFOUND');
  });
});

describe('Ingress', () => {
  const address = (): string => `127.0.0.1:${settings().ingress.http}`;

  beforeAll(async () => {
    const key = join(cluster.folder, 'tls.key');
    const certificate = join(cluster.folder, 'tls.crt');
    const names = ['-subj', '/CN=secure.example', '-addext', 'subjectAltName=DNS:secure.example'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', certificate, ...names],
      { stdio: 'ignore' },
    );
    await ok(k('create', 'secret', 'tls', 'secure', `--cert=${certificate}`, `--key=${key}`));
    await apply(
      'ingress',
      `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {ingress.coracle.dev/ssl-redirect: "true"}}
spec:
  tls: [{hosts: [secure.example], secretName: secure}]
  rules:
  - host: web.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
      - {path: /gone, pathType: Exact, backend: {service: {name: nobody, port: {number: 80}}}}
  - host: "*.wild.example"
    http: {paths: [{path: /api, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
  - host: secure.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
`,
    );
    await eventually('the route', async () => (await get(address(), { host: 'web.example' })).status === 200);
  });

  test('goes by host and path, and shows its address', async () => {
    expect(nodes).toContain((await get(address(), { host: 'web.example' })).body);
    expect((await get(address(), { host: 'a.wild.example', path: '/api/' })).body).toBe('api');
    expect((await get(address(), { host: 'a.wild.example' })).status).toBe(404);
    expect((await get(address(), { host: 'other.example' })).status).toBe(404);
    expect((await get(address(), { host: 'web.example', path: '/gone' })).status).toBe(503);
    expect(await field('.status.loadBalancer.ingress[0].ip', 'ingress', 'web')).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  test('shows the certificate of the Secret for its host, its own for others, and redirects http', async () => {
    const nameOf = (servername: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: settings().ingress.https, servername, rejectUnauthorized: false };
        const socket = tlsConnect(options, () => {
          resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    expect(await nameOf('secure.example')).toBe('CN=secure.example');
    expect(await nameOf('other.example')).toBe('CN=Coracle Ingress Default Certificate');
    const redirected = await get(address(), { host: 'secure.example' });
    expect([redirected.status, redirected.location]).toEqual([308, 'https://secure.example/']);
    const body = await new Promise<string>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: settings().ingress.https,
        servername: 'secure.example',
        headers: { Host: 'secure.example' },
        ca: readFileSync(join(cluster.folder, 'tls.crt')),
        agent: false,
      };
      httpsRequest(options, (response) => {
        response.setEncoding('utf8');
        response.once('data', (chunk: string) => resolve(chunk.trim()));
      })
        .on('error', reject)
        .end();
    });
    expect(nodes).toContain(body);
  });

  test('the process is shown by status, and its requests by logs', async () => {
    const { processes } = JSON.parse(await ok(cluster.coracle('status', '--json'))) as {
      processes: { name: string; ready: boolean }[];
    };
    expect(processes).toContainEqual(expect.objectContaining({ name: 'ingress', ready: true }));
    await get(address(), { host: 'web.example', path: '/seen' });
    await eventually('the access log', async () => (await ok(cluster.coracle('logs', 'access'))).includes('GET /seen'));
  });
});

describe('NetworkPolicies', () => {
  afterAll(async () => {
    await k('delete', 'networkpolicy', '--all');
  });
  const reaches = async (): Promise<boolean> => nodes.includes(await fetchFrom('client', 'web', 80));

  test('deny by default, and allow what they name', async () => {
    await apply(
      'deny',
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n',
    );
    await eventually('the client to be kept out', async () => !(await reaches()));
    // A pod's own node is always let through, as its probes must be.
    const here = await field('.items[?(@.spec.nodeName=="network-1")].status.podIP', 'pods', '-l', 'app=web');
    expect((await get(`${here}:8080`)).body).toBe('network-1');
    await apply(
      'allow',
      `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: client}}}]
    ports: [{port: http}]
`,
    );
    await eventually('the client to be let in', reaches);
    await ok(k('delete', 'networkpolicy', 'deny', 'allow'));
    await eventually('everybody to be let in', reaches);
  });
});

describe('a rollout under load', () => {
  interface Tally {
    done: number;
    readonly failures: string[];
  }

  /** Requests without a pause, four at a time, until stopped. */
  function load(address: string, host?: string): () => Promise<Tally> {
    const tally: Tally = { done: 0, failures: [] };
    const stop = new AbortController();
    const worker = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          const page = await get(address, host === undefined ? {} : { host });
          if (page.status === 200 && page.body !== '') tally.done += 1;
          else tally.failures.push(`${page.status} ${page.body}`);
        } catch (error) {
          tally.failures.push(String(error));
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const working = [1, 2, 3, 4].map(worker);
    return async () => {
      stop.abort();
      await Promise.all(working);
      return tally;
    };
  }

  test('loses not one request behind a Service, nor behind the Ingress', async () => {
    await apply(
      'rolling',
      `
apiVersion: apps/v1
kind: Deployment
metadata: {name: rolling}
spec:
  replicas: 3
  selector: {matchLabels: {app: rolling}}
  template:
    metadata: {labels: {app: rolling}}
    spec:
      terminationGracePeriodSeconds: 4
      containers:
      - name: web
        image: busybox
        command: [sh, -c, "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www"]
        readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
        lifecycle: {preStop: {exec: {command: [sleep, "2"]}}}
---
apiVersion: v1
kind: Service
metadata: {name: rolling}
spec: {selector: {app: rolling}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: rolling}
spec:
  rules:
  - host: rolling.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: rolling, port: {number: 80}}}}]}
`,
    );
    await ok(k('rollout', 'status', 'deployment/rolling', '--timeout=30s'));
    const ip = await clusterIp('rolling');
    const ingress = `127.0.0.1:${settings().ingress.http}`;
    await eventually('both ways to work', async () => {
      const pages = [await get(ip), await get(ingress, { host: 'rolling.example' })];
      return pages.every(({ status }) => status === 200);
    });
    const stops = [load(ip), load(ingress, 'rolling.example')];
    await ok(k('rollout', 'restart', 'deployment/rolling'));
    await ok(k('rollout', 'status', 'deployment/rolling', '--timeout=60s'));
    // Until the last of the old pods is gone.
    await eventually('old pods to be gone', async () => {
      const names = (await ok(k('get', 'pods', '-l', 'app=rolling', '-o', 'name'))).trim().split('\n');
      return names.length === 3;
    });
    for (const stop of stops) {
      const { done, failures } = await stop();
      expect(failures).toEqual([]);
      expect(done).toBeGreaterThan(100);
    }
  });
});

describe('nodes come and go', () => {
  test('one that is cut off is not reached, and is again once it is back', async () => {
    const pod = await field('.items[?(@.spec.nodeName=="network-3")].status.podIP', 'pods', '-l', 'app=web');
    expect((await get(`${pod}:8080`)).body).toBe('network-3');
    await ok(cluster.coracle('node', 'disconnect', 'network-3'));
    await expect(get(`${pod}:8080`, { timeout: 1_000 })).rejects.toThrow(/no answer|EHOSTUNREACH/);
    expect(await ok(cluster.coracle('node', 'ls'))).toMatch(/network-3 .* disconnected/);
    await ok(cluster.coracle('node', 'connect', 'network-3'));
    await eventually(
      'the pod to answer',
      async () => (await get(`${pod}:8080`, { timeout: 500 })).body === 'network-3',
    );
  });

  test('one that is added runs pods; one that is removed is drained first', async () => {
    await ok(cluster.coracle('node', 'add', 'guest'));
    await ok(k('wait', '--for=condition=Ready', 'node/guest', '--timeout=20s'));
    await ok(k('rollout', 'status', 'ds/web', '--timeout=30s'));
    await eventually('its pod behind the Service', async () =>
      (await answers(await clusterIp('web'))).includes('guest'),
    );
    const overrides = '{"spec":{"nodeName":"guest","terminationGracePeriodSeconds":0}}';
    await ok(k('run', 'guest-pod', '--image=busybox', `--overrides=${overrides}`, '--', 'sleep', '9999'));
    await ok(k('wait', '--for=condition=Ready', 'pod/guest-pod', '--timeout=20s'));
    await ok(cluster.coracle('node', 'rm', 'guest'));
    expect((await k('get', 'node', 'guest')).stderr).toContain('NotFound');
    expect((await k('get', 'pod', 'guest-pod')).stderr).toContain('NotFound');
    expect(execFileSync('ls', ['/run/coracle/network/namespaces'], { encoding: 'utf8' })).not.toContain('guest');
  });

  test('all are there again after a stop and a start', async () => {
    await ok(cluster.coracle('down'));
    expect(execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' })).not.toMatch(/^cor\d+-nodes.*network/m);
    await ok(cluster.up());
    await ok(k('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=20s'));
    expect((await ok(k('get', 'nodes', '-o', 'name'))).trim().split('\n').sort()).toEqual(
      nodes.map((name) => `node/${name}`),
    );
    await eventually(
      'all pods behind the Service',
      async () => {
        const seen = await answers(await clusterIp('web'));
        return seen.length === 3;
      },
      60_000,
    );
  });
});
