import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { readAccessSettings } from './access-settings.ts';
import { checkGuardFiles } from './guard-files.ts';
import { guardsFrom, type GuardSettings } from './guards.ts';

let folder: string;
let webhook: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-guards-'));
  webhook = join(folder, 'webhook.kubeconfig');
  writeFileSync(webhook, '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('flags of coracle up', () => {
  it('are kept, and given empty they are taken back', () => {
    const kept = guardsFrom(undefined, { tokenWebhook: webhook, authorizationModes: ['RBAC'], auditLog: 'a.log' });
    expect(kept).toEqual({
      tokenWebhook: webhook,
      authorizationModes: ['RBAC'],
      auditLog: join(process.cwd(), 'a.log'),
    });
    expect(guardsFrom(kept, { authorizationModes: [], auditLog: '' })).toEqual({ tokenWebhook: webhook });
    expect(guardsFrom({ tokenWebhook: webhook }, { tokenWebhook: '' })).toBeUndefined();
  });

  it('that name a kubeconfig which is not there are refused', () => {
    expect(() => guardsFrom(undefined, { anonymous: 'no' })).toThrow('--anonymous-auth takes true or false, not no');
    expect(() => guardsFrom(undefined, { tokenFile: '/nowhere' })).toThrow('there is no token file /nowhere');
    expect(() => guardsFrom(undefined, { oidcGroupsClaim: 'groups' })).toThrow('needs --oidc-issuer-url');
    expect(() => guardsFrom(undefined, { oidcIssuer: 'http://id', oidcClientId: 'x' })).toThrow('is not an https URL');
    expect(() =>
      guardsFrom(undefined, { oidcIssuer: 'https://id', oidcClientId: 'x', oidcRequiredClaims: ['hd'] }),
    ).toThrow('--oidc-required-claim takes KEY=VALUE, not hd');
    expect(() => guardsFrom(undefined, { authorizationWebhook: '/nowhere' })).toThrow(
      'there is no kubeconfig /nowhere',
    );
  });
});

describe('access.json and the flags over it', () => {
  const write = (settings: unknown): void => writeFileSync(join(folder, 'access.json'), JSON.stringify(settings));

  it('flags win, and the rest of the file stays', () => {
    write({ anonymous: false, authorization: { modes: ['RBAC'], webhookFailurePolicy: 'Deny' } });
    const guards = {
      authorizationModes: ['RBAC', 'Webhook'],
      authorizationWebhook: webhook,
      tokenWebhookCacheTtl: '10s',
    };
    expect(readAccessSettings(folder, guards)).toEqual({
      anonymous: false,
      tokenWebhookCacheTtl: '10s',
      authorization: { modes: ['RBAC', 'Webhook'], webhook, webhookFailurePolicy: 'Deny' },
    });
  });

  it('a provider that flags name stands before those of the file, and in the place of the same one', () => {
    write({
      oidc: [
        { issuer: 'https://a', clientId: 'old' },
        { issuer: 'https://b', clientId: 'kept' },
      ],
    });
    const guards = {
      anonymous: 'false',
      tokenFile: webhook,
      oidcIssuer: 'https://a',
      oidcClientId: 'new',
      oidcGroupsClaim: 'groups',
      oidcRequiredClaims: ['hd=example.com', 'x=a=b'],
      oidcSigningAlgorithms: ['ES256'],
    };
    expect(readAccessSettings(folder, guards)).toEqual({
      anonymous: false,
      tokenFile: webhook,
      oidc: [
        {
          issuer: 'https://a',
          clientId: 'new',
          groupsClaim: 'groups',
          requiredClaims: { hd: 'example.com', x: 'a=b' },
          signingAlgorithms: ['ES256'],
        },
        { issuer: 'https://b', clientId: 'kept' },
      ],
    });
  });

  it.each([
    [{ authorization: { modes: ['Webhook'] } }, 'the mode Webhook needs authorization.webhook'],
    [{ authorization: { modes: ['ABAC'] } }, 'the mode ABAC is not one of Node, RBAC'],
    [{ authorization: { webhookFailurePolicy: 'Allow' } }, 'webhookFailurePolicy is NoOpinion or Deny, not "Allow"'],
    [{ tokenWebhookCacheTtl: '2 minutes' }, 'tokenWebhookCacheTtl is a duration such as 2m or 30s, not "2 minutes"'],
    [{ tokenwebhook: 'x' }, 'the field tokenwebhook is not known'],
    [{ oidc: [{ issuer: 'http://x', clientId: 'y' }] }, 'the issuer http://x is not an https URL'],
  ])('%j is refused', (settings, message) => {
    write(settings);
    expect(() => readAccessSettings(folder)).toThrow(message);
  });
});

describe('files that flags name', () => {
  const clock = new FakeClock();

  it.each<[keyof GuardSettings, string]>([
    ['auditPolicy', "the audit policy FILE can't be used: "],
    ['admissionConfig', "the admission configuration FILE can't be used: "],
    ['tokenWebhook', "the webhook's kubeconfig FILE can't be used: "],
    ['authorizationWebhook', "the webhook's kubeconfig FILE can't be used: "],
  ])('%s is read before it is kept: a folder, or something else, is refused', async (name, sentence) => {
    const other = join(folder, 'other');
    writeFileSync(other, 'root:x:0:0\n');
    for (const file of [folder, other, '/dev/null']) {
      await expect(checkGuardFiles({ [name]: file }, clock)).rejects.toThrow(sentence.replace('FILE', file));
    }
  });

  it('an audit log that cannot be written is refused', async () => {
    const auditPolicy = join(folder, 'policy');
    writeFileSync(auditPolicy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n');
    for (const auditLog of [folder, join(auditPolicy, 'log'), '/proc/x/log', '/dev/null']) {
      const checked = checkGuardFiles({ auditPolicy, auditLog }, clock);
      await expect(checked).rejects.toThrow(`the audit log ${auditLog} can't be used: `);
    }
    await checkGuardFiles({ auditPolicy, auditLog: join(folder, 'logs', 'audit.log') }, clock);
  });
});
