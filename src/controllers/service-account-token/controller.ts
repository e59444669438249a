/**
 * Secrets of type kubernetes.io/service-account-token, made by hand and named after an account by annotation,
 * get a token without an end; they go with their account.
 */
import { Secret } from '../../api/core/secret.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';

const secretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export interface SecretToken {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly secret: { readonly name: string; readonly uid: string };
}

export interface TokenSecretOptions extends Dependencies {
  readonly issue: (token: SecretToken) => Promise<string>;
  /** PEM of the authority that pods trust. */
  readonly authority: string;
}

export function tokenSecretController(options: TokenSecretOptions): Controller {
  const { client, informers, clock, logger } = options;
  const secrets = informers.of(Secret);
  const accounts = informers.of(ServiceAccount);
  const ofAccount = ({ metadata }: ServiceAccount): readonly string[] =>
    secrets
      .list({ namespace: metadata.namespace })
      .filter((secret) => accountOf(secret) === metadata.name)
      .map((secret) => `${secret.metadata.namespace}/${secret.metadata.name}`);
  return new Controller(
    {
      name: 'serviceaccount-token',
      sources: [
        watching(secrets, ({ object }) =>
          accountOf(object) === undefined ? [] : [`${object.metadata.namespace}/${object.metadata.name}`],
        ),
        watching(accounts, ({ object }) => ofAccount(object)),
      ],
      async reconcile(key) {
        const [namespace = '', name = ''] = key.split('/');
        const secret = secrets.get({ namespace, name });
        const account = secret === undefined ? undefined : accountOf(secret);
        if (secret === undefined || account === undefined) return;
        try {
          await settle(secret, await liveAccount(namespace, account), options);
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) throw error;
        }
      },
    },
    { clock, logger },
  );

  /** The cache may not have seen an account that was made just before its Secret. */
  async function liveAccount(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const cached = accounts.get({ namespace, name });
    if (cached !== undefined) return cached;
    try {
      return await client.get(ServiceAccount, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

async function settle(secret: Secret, account: ServiceAccount | undefined, options: TokenSecretOptions): Promise<void> {
  const { client, authority } = options;
  const { metadata } = secret;
  const uid = metadata.annotations?.[uidAnnotation] ?? '';
  if (account === undefined || (uid !== '' && uid !== account.metadata.uid)) {
    await client.delete(Secret, metadata, { preconditions: { uid: metadata.uid } });
  } else if (!isComplete(secret, account, authority)) {
    await client.update(Secret, await filled(secret, account, options));
  }
}

function accountOf({ type, metadata }: Secret): string | undefined {
  return type === secretType ? metadata.annotations?.[nameAnnotation] : undefined;
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

function isComplete({ data = {}, metadata }: Secret, account: ServiceAccount, authority: string): boolean {
  return (
    (data['token'] ?? '') !== '' &&
    data['ca.crt'] === encoded(authority) &&
    data['namespace'] === encoded(metadata.namespace ?? '') &&
    metadata.annotations?.[uidAnnotation] === account.metadata.uid
  );
}

async function filled(
  secret: Secret,
  { metadata: { name, uid } }: ServiceAccount,
  { issue, authority }: TokenSecretOptions,
): Promise<Secret> {
  const { namespace = '', annotations } = secret.metadata;
  const order = { namespace, serviceAccount: { name, uid }, secret: secret.metadata };
  const known = secret.data?.['token'] ?? '';
  const token = known === '' ? encoded(await issue(order)) : known;
  const data = { ...secret.data, token, 'ca.crt': encoded(authority), namespace: encoded(namespace) };
  return { ...secret, metadata: { ...secret.metadata, annotations: { ...annotations, [uidAnnotation]: uid } }, data };
}
