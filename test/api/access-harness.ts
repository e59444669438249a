/** An API server with all guards of a cluster: RBAC with the default roles, node authoriser, reviews, impersonation. */
import { kinds } from '../../src/api/catalogue.ts';
import type { AdmissionPlugin } from '../../src/apiserver/access.ts';
import type { Audit } from '../../src/apiserver/audit/audit.ts';
import { tokenHandler } from '../../src/apiserver/subresources/token.ts';
import { createTokenIssuer, type TokenIssuer } from '../../src/apiserver/authentication/token-issuer.ts';
import { bootstrapPolicy } from '../../src/apiserver/authorization/bootstrap/policy.ts';
import { reconcilePolicy } from '../../src/apiserver/authorization/bootstrap/reconcile.ts';
import { objectReader } from '../../src/apiserver/object-reader.ts';
import { Resources } from '../../src/apiserver/registry/resources.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { createAccess } from '../../src/cluster/server/access.ts';
import type { AccessSettings } from '../../src/cluster/settings/access-settings.ts';
import { createAuthority, createSigningKey, type KeyPair } from '../../src/pki/certificate.ts';
import { MemoryJournal } from '../../src/store/journal/memory.ts';
import { openStore } from '../../src/store/open-store.ts';
import { certificates, startHarness, type Harness } from './harness.ts';

export interface Guarded {
  readonly harness: Harness;
  readonly issuer: TokenIssuer;
  readonly frontProxyCa: KeyPair;
}

export interface GuardedOptions {
  readonly settings?: AccessSettings;
  /** What paths in the settings are relative to. */
  readonly dataDir?: string;
  readonly clock?: Clock;
  /** Beside the check of escalation. */
  readonly admission?: readonly AdmissionPlugin[];
  readonly audit?: Audit;
}

export async function guardedHarness({
  settings = {},
  dataDir = '/nonexistent',
  clock = systemClock,
  admission = [],
  audit,
}: GuardedOptions = {}): Promise<Guarded> {
  const store = await openStore({ journal: new MemoryJournal(), clock });
  const { privateKey, publicKey } = await createSigningKey();
  const keys = { privateKey, publicKeys: [publicKey] };
  const issuer = createTokenIssuer({
    issuer: 'https://test',
    audiences: ['https://test'],
    keys: () => keys,
    clock,
    random: systemRandom,
  });
  const { ca } = await certificates();
  const validity = { from: clock.now() - 60_000, until: clock.now() + 3_600_000 };
  const frontProxyCa = await createAuthority('front-proxy-ca', validity, systemRandom);
  const reader = objectReader(store, new Resources(kinds));
  const access = createAccess({
    store,
    reader,
    issuer,
    clock,
    log: silentLogger,
    settings,
    dataDir,
    clientAuthority: ca.certificate,
    frontProxyAuthority: frontProxyCa.certificate,
    address: () => 'localhost',
  });
  const subresources = new Map([['/serviceaccounts/token', tokenHandler({ issuer, reader })]]);
  const clientCa = `${ca.certificate}\n${frontProxyCa.certificate}`;
  const harness = await startHarness(
    { ...access, store, audit, admission: [...admission, access.escalation], subresources, log: silentLogger },
    clientCa,
  );
  await reconcilePolicy(harness.api.registry, bootstrapPolicy());
  return { harness, issuer, frontProxyCa };
}
