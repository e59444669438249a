/** A whole API server in process with the built-in admission plugins: what they refuse is what clients read. */
import { kinds } from '../../../api/catalogue.ts';
import { Namespace } from '../../../api/core/namespace.ts';
import { FakeClock, type Clock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/log.ts';
import { seededRandom } from '../../../base/random.ts';
import { MemoryJournal } from '../../../store/journal/memory.ts';
import { openStore } from '../../../store/open-store.ts';
import type { Store } from '../../../store/store.ts';
import type { Authorizer, UserInfo } from '../../access.ts';
import { StatusError } from '../../errors.ts';
import type { LocalApi } from '../../local.ts';
import { objectReader } from '../../object-reader.ts';
import { Resources } from '../../registry/resources.ts';
import { createApiServer } from '../../server.ts';
import { admissionPlugins } from '../plugins.ts';
import { resourceQuota } from '../resource-quota.ts';
import type { Switches } from '../names.ts';
import { ServiceAccount } from '../../../api/core/service-account.ts';

export const admin: UserInfo = { username: 'admin', groups: ['system:masters'] };
export const nodeUser = (name: string): UserInfo => ({ username: `system:node:${name}`, groups: ['system:nodes'] });

export interface Fixture {
  readonly api: LocalApi;
  readonly store: Store;
  readonly clock: Clock;
  as(user: UserInfo): LocalApi;
}

export interface FixtureOptions extends Switches {
  readonly authorizer?: Authorizer;
}

const allowAll: Authorizer = { authorize: () => ({ verdict: 'allow', reason: '' }) };

/** With the namespaces `default` and `a`, and their accounts. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const clock = new FakeClock();
  const random = seededRandom(7);
  const store = await openStore({ journal: new MemoryJournal(), clock });
  const reader = objectReader(store, new Resources(kinds));
  const authorizer = options.authorizer ?? allowAll;
  const server = createApiServer({
    version: { gitVersion: 'v1.35.0' },
    // Callers in process have shown who they are.
    authenticator: { authenticate: () => Promise.resolve(undefined) },
    store,
    kinds,
    clock,
    random,
    log: silentLogger,
    authorizer: allowAll,
    admission: admissionPlugins({
      reader,
      random,
      clock,
      authorizer,
      findKind: (apiVersion, kind) => kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind),
      createNamespace: (name) => server.local(admin).create(Namespace, { metadata: { name } }),
      ...options,
    }),
    ledger: resourceQuota({ store, clock }),
  });
  const api = server.local(admin);
  for (const name of ['default', 'kube-system', 'kube-node-lease', 'a']) {
    await api.create(Namespace, { metadata: { name } });
    await api.create(ServiceAccount, { metadata: { name: 'default', namespace: name } });
  }
  return { api, store, clock, as: (user) => server.local(user) };
}

/** What a refusal says; '' when there was none. */
export async function refusalOf(pending: Promise<unknown>): Promise<string> {
  try {
    await pending;
    return '';
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
}

/** A pod that passes everything but level restricted. */
export function podOf(
  spec: Readonly<Record<string, unknown>> = {},
  metadata: Readonly<Record<string, unknown>> = {},
): object {
  return {
    metadata: { name: 'p', namespace: 'a', ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  };
}
