import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import type { UserInfo } from '../access.ts';
import { requestInfoOf } from '../http/request-info.ts';
import { createAudit } from './audit.ts';
import { FileLog } from './file-log.ts';
import { readAuditPolicy } from './policy.ts';

const header = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
const policy = `${header}omitStages: [RequestReceived]
rules:
- {level: None, users: ['system:kube-proxy'], verbs: [watch]}
- {level: None, nonResourceURLs: ['/healthz*', /version]}
- {level: Metadata, resources: [{group: '', resources: [secrets, 'pods/log', '*/status']}]}
- {level: Request, namespaces: [a], resources: [{group: apps, resources: ['deployments/*']}]}
- {level: RequestResponse, userGroups: [ops], resources: [{group: '', resources: [configmaps], resourceNames: [special]}]}
- {level: Metadata, omitStages: [ResponseComplete]}
`;

const anna: UserInfo = { username: 'anna', groups: ['ops'] };

/** apiserver pkg/audit/policy/checker.go */
test.each<[string, string, UserInfo, string]>([
  ['GET', '/api/v1/namespaces/a/secrets/s', anna, 'Metadata'],
  ['GET', '/api/v1/namespaces/a/pods/p/log', anna, 'Metadata'],
  ['PUT', '/api/v1/namespaces/a/pods/p/status', anna, 'Metadata'],
  ['PUT', '/apis/apps/v1/namespaces/a/deployments/d/scale', anna, 'Request'],
  ['PUT', '/apis/apps/v1/namespaces/b/deployments/d/scale', anna, 'Metadata'],
  ['GET', '/api/v1/namespaces/a/configmaps/special', anna, 'RequestResponse'],
  ['GET', '/api/v1/namespaces/a/configmaps/special', { username: 'bob', groups: [] }, 'Metadata'],
  ['GET', '/healthz/etcd', anna, 'None'],
  ['GET', '/version', anna, 'None'],
  ['GET', '/version/more', anna, 'Metadata'],
  ['GET', '/api/v1/services?watch=1', { username: 'system:kube-proxy', groups: [] }, 'None'],
])('%s %s', async (method, path, user, level) => {
  const decide = await readAuditPolicy(policy);
  expect(decide(user, requestInfoOf(method, path)).level).toBe(level);
});

test.each([
  ['kind: Policy', 'it must be of kind Policy, apiVersion audit.k8s.io/v1'],
  [`${header}rules: []`, 'rules: at least one is needed'],
  [
    `${header}rules: [{level: All}]`,
    'rules[0].level: Unsupported value: "All": one of None, Metadata, Request, RequestResponse',
  ],
  [
    `${header}rules: [{level: None, omitStages: [Never]}]`,
    'rules[0].omitStages: a list of RequestReceived, ResponseStarted, ResponseComplete, Panic',
  ],
  [`${header}rules: [{level: None}]\nomitStage: [Panic]`, 'the policy: unknown field omitStage'],
  [`${header}rules: [{level: None, user: [anna]}]`, 'rules[0]: unknown field user; known are level, users,'],
  [`${header}rules: [{level: None, resources: [pods]}]`, 'rules[0].resources[0]: must be an object'],
  [
    `${header}rules: [{level: None, resources: [{groups: [''], resources: [pods]}]}]`,
    'rules[0].resources[0]: unknown field groups',
  ],
])('a policy that is none is refused: %s', async (text, message) => {
  await expect(readAuditPolicy(text)).rejects.toThrow(message);
});

test('an event says who asked for what, as whom, from where, and what came of it', async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const all = await readAuditPolicy(`${header}rules: [{level: Metadata}]`);
  const audit = createAudit({ policy: all, clock, random: seededRandom(1), write: (line) => lines.push(line) });
  const url = '/api/v1/namespaces/a/secrets/s?pretty=1';
  const exchange = { url, headers: { 'user-agent': 'kubectl' }, socket: undefined };
  const trail = audit.begin(exchange, requestInfoOf('DELETE', url), {
    user: anna,
    impersonated: { username: 'bob', groups: [] },
  });
  await clock.advance(5);
  trail?.finish(403, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'no',
    reason: 'Forbidden',
    code: 403,
  });
  const [received, complete] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(received).toMatchObject({ stage: 'RequestReceived', level: 'Metadata', verb: 'delete', requestURI: url });
  expect(complete).toMatchObject({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    stage: 'ResponseComplete',
    auditID: received?.['auditID'],
    user: { username: 'anna', groups: ['ops'] },
    impersonatedUser: { username: 'bob' },
    userAgent: 'kubectl',
    objectRef: { resource: 'secrets', namespace: 'a', name: 's', apiVersion: 'v1' },
    responseStatus: { code: 403, status: 'Failure', message: 'no', reason: 'Forbidden' },
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
  });
  expect(complete).not.toHaveProperty('requestObject');
});

test('the file is put aside when it is full, and only so many are kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  try {
    const path = join(folder, 'audit.log');
    const log = new FileLog({ path, clock: new FakeClock(), logger: silentLogger, size: 25, backups: 2 });
    for (let count = 0; count < 8; count += 1) {
      log.write(`line ${count} ....`);
      // One batch per line: what is written together stays together.
      await log.close();
    }
    expect(readdirSync(folder).toSorted()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2']);
    expect(readFileSync(path, 'utf8')).toContain('line 7');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
