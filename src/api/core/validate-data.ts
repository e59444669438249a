/** ConfigMaps and Secrets: keys, sizes, immutability, and what secrets of known types must hold. */
import { forbidden, invalid, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkConfigMapKey } from '../../schema/names.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { sameMeaning } from '../rules/equal.ts';
import { complaintFaults, immutableFaults } from '../rules/faults.ts';

/** All values together; keys do not count. */
const maxDataBytes = 1024 * 1024;

type Entries = Readonly<Record<string, string>> | undefined;

interface ConfigMapLike {
  readonly immutable?: boolean;
  readonly data?: Entries;
  readonly binaryData?: Entries;
}

interface SecretLike {
  readonly metadata: ObjectMeta;
  readonly immutable?: boolean;
  readonly type?: string;
  readonly data?: Entries;
}

export function configMapFaults({ data, binaryData }: ConfigMapLike): Fault[] {
  const size = textBytes(data) + decodedBytes(binaryData);
  return [
    ...Object.keys(data ?? {}).flatMap((key) => [
      ...complaintFaults(`data[${key}]`, key, checkConfigMapKey(key)),
      ...(binaryData?.[key] === undefined
        ? []
        : [invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]),
    ]),
    ...Object.keys(binaryData ?? {}).flatMap((key) =>
      complaintFaults(`binaryData[${key}]`, key, checkConfigMapKey(key)),
    ),
    ...(size > maxDataBytes ? [tooLong('[]', maxDataBytes)] : []),
  ];
}

export function configMapUpdateFaults(configMap: ConfigMapLike, old: ConfigMapLike): Fault[] {
  return immutableDataFaults(configMap, old, ['data', 'binaryData']);
}

function immutableDataFaults<T extends { readonly immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): Fault[] {
  if (old.immutable !== true) return [];
  const text = 'field is immutable when `immutable` is set';
  return [
    ...(object.immutable === true ? [] : [forbidden('immutable', text)]),
    ...fields.filter((field) => !sameMeaning(object[field], old[field])).map((field) => forbidden(field, text)),
  ];
}

function textBytes(entries: Entries): number {
  return Object.values(entries ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
}

/** Values are base64 here; what counts is what they stand for. */
function decodedBytes(entries: Entries): number {
  return Object.values(entries ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
}

/** Clients may write plain text into stringData; it is stored in data and never shown again. */
export function takeOverText(draft: Record<string, unknown>): void {
  const text = draft['stringData'] as Entries;
  delete draft['stringData'];
  if (text === undefined || text === null) return;
  const encoded = Object.entries(text).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  draft['data'] = { ...(draft['data'] as Entries), ...Object.fromEntries(encoded) };
}

export function secretFaults(secret: SecretLike): Fault[] {
  return [
    ...Object.keys(secret.data ?? {}).flatMap((key) => complaintFaults(`data[${key}]`, key, checkConfigMapKey(key))),
    ...(decodedBytes(secret.data) > maxDataBytes ? [tooLong('data', maxDataBytes)] : []),
    ...(typeRules[secret.type ?? '']?.(secret) ?? []),
  ];
}

const missing = (secret: SecretLike, key: string): Fault[] =>
  secret.data?.[key] === undefined ? [required(`data[${key}]`)] : [];

const typeRules: Readonly<Record<string, (secret: SecretLike) => Fault[]>> = {
  'kubernetes.io/service-account-token': ({ metadata }) => {
    const key = 'kubernetes.io/service-account.name';
    return (metadata.annotations?.[key] ?? '') === '' ? [required(`metadata.annotations[${key}]`)] : [];
  },
  'kubernetes.io/dockercfg': (secret) => jsonFaults(secret, '.dockercfg'),
  'kubernetes.io/dockerconfigjson': (secret) => jsonFaults(secret, '.dockerconfigjson'),
  'kubernetes.io/basic-auth': (secret) => {
    const faults = [...missing(secret, 'username'), ...missing(secret, 'password')];
    return faults.length === 2 ? faults : [];
  },
  'kubernetes.io/ssh-auth': (secret) =>
    (secret.data?.['ssh-privatekey'] ?? '') === '' ? [required('data[ssh-privatekey]')] : [],
  'kubernetes.io/tls': (secret) => [...missing(secret, 'tls.crt'), ...missing(secret, 'tls.key')],
};

function jsonFaults(secret: SecretLike, key: string): Fault[] {
  const value = secret.data?.[key];
  if (value === undefined) return [required(`data[${key}]`)];
  const complaint = jsonObjectComplaint(Buffer.from(value, 'base64').toString());
  return complaint === undefined ? [] : [invalid(`data[${key}]`, '<secret contents redacted>', complaint)];
}

function jsonObjectComplaint(text: string): string | undefined {
  if (text.trim() === '') return 'unexpected end of JSON input';
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && !Array.isArray(parsed) ? undefined : 'must be a JSON object';
  } catch {
    // Not the parser's own words, which quote from the secret.
    return 'must be valid JSON';
  }
}

export function secretUpdateFaults(secret: SecretLike, old: SecretLike): Fault[] {
  return [...immutableFaults('type', secret.type, old.type), ...immutableDataFaults(secret, old, ['data'])];
}
