/** Texts are those of Go's crypto/tls (X509KeyPair), which upstream warns with (pkg/registry/core/secret/strategy.go). */
import { generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import { expect, test } from 'vitest';
import { warnings } from '../../rules/fixture.ts';
import { Secret } from '../secret.ts';
import { tlsPairComplaint } from './tls-pair.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const certificate = (await X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: algorithm })).toString(
  'pem',
);
const textOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });
const key = textOf(KeyObject.from(keys.privateKey));

const made = (type: 'ec' | 'rsa'): string => {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 1024 });
  return textOf(pair.privateKey);
};

const switched =
  'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';

test.for<[string, string, string, string | undefined]>([
  ['a pair', certificate, key, undefined],
  ['a chain', `${certificate}\n${certificate}`, key, undefined],
  [
    'a key after its parameters',
    certificate,
    `-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n${key}`,
    undefined,
  ],
  ['another key', certificate, made('ec'), 'tls: private key does not match public key'],
  ['a key of another sort', certificate, made('rsa'), 'tls: private key type does not match public key type'],
  ['no certificate', 'x', key, 'tls: failed to find any PEM data in certificate input'],
  ['no key', certificate, '', 'tls: failed to find any PEM data in key input'],
  ['the two switched', key, certificate, switched],
  [
    'two certificates',
    certificate,
    certificate,
    'tls: found a certificate rather than a key in the PEM for the private key',
  ],
  [
    'a certificate that is none',
    '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
    key,
    'x509: malformed certificate',
  ],
  [
    'a key that is none',
    certificate,
    '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----',
    'tls: failed to parse private key',
  ],
])('%s', ([, certificates, privateKey, text]) => {
  expect(tlsPairComplaint(certificates, privateKey)).toBe(text);
});

test('a Secret of the type is looked at, and no other', () => {
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': '' };
  expect(warnings(Secret, { type: 'kubernetes.io/tls', data })).toEqual([
    'tls: failed to find any PEM data in key input',
  ]);
  expect(warnings(Secret, { data })).toEqual([]);
});
