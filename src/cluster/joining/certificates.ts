/**
 * The certificates of a node that has joined: asked of the cluster, never made here. Key and certificate are one
 * file, so that they always fit together; a renewal replaces both in one step.
 */
import { join } from 'node:path';
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { readTextIfPresent, writeFileDurably } from '../../base/file.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Service } from '../../base/service.ts';
import { pauseAfter, type Pauses } from '../../base/pauses.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Client } from '../../client/client.ts';
import { signers } from '../../controllers/certificates/plan.ts';
import { coversNames, createSigningRequest, expiryOf, startOf } from '../../pki/certificate.ts';

export const combinedPath = (folder: string, name: string): string => join(folder, `${name}.pem`);

export type NodeCertificateKind = 'client' | 'serving';

export interface NodeCertificateRequest {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly kind: NodeCertificateKind;
  /** Of the node, for a serving certificate. */
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
}

/** Milliseconds. */
const approvalPatience = 30_000;
const pause = 100;

/** Certificate and key, PEM. Throws a UserError when nobody approves in time or the signer refuses. */
export async function requestCertificate(options: NodeCertificateRequest): Promise<string> {
  const { client, nodeName, kind, addresses } = options;
  const serving = kind === 'serving';
  const { request, key } = await createSigningRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    ...(serving ? { dnsNames: [nodeName], addresses } : {}),
  });
  const { metadata } = await client.create(CertificateSigningRequest, {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: serving ? signers.serving : signers.kubelet,
      usages: ['digital signature', serving ? 'server auth' : 'client auth'],
    },
  });
  return `${(await untilIssued(options, metadata.name)).trimEnd()}\n${key}`;
}

async function untilIssued(
  { client, clock, nodeName, kind, signal }: NodeCertificateRequest,
  name: string,
): Promise<string> {
  const deadline = clock.monotonic() + approvalPatience;
  for (;;) {
    const { status = {} } = await client.get(CertificateSigningRequest, { name });
    const { certificate = '', conditions = [] } = status;
    if (certificate !== '') return Buffer.from(certificate, 'base64').toString();
    const refusal = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refusal !== undefined) {
      throw new UserError(
        `the cluster refuses node ${nodeName} its ${kind} certificate (${name}): ${refusal.message ?? refusal.type}`,
        `see on the server: kubectl describe csr ${name}`,
      );
    }
    if (clock.monotonic() > deadline) {
      throw new UserError(
        `nobody approved the ${kind} certificate of node ${nodeName} within ${approvalPatience / 1000} s`,
        `look on the server: kubectl describe csr ${name}; coracle logs server`,
      );
    }
    await clock.sleep(pause, signal);
  }
}

export interface RotationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly path: string;
  readonly kind: NodeCertificateKind;
  /** What the certificate must name. */
  readonly names: { readonly dnsNames: readonly string[]; readonly addresses: readonly string[] };
  readonly request: (signal: AbortSignal) => Promise<string>;
  /** Called once a good one is there, and at each new one. */
  readonly changed: () => void;
}

const longestPause = 12 * 3_600_000;
const retry: Pauses = { first: 1_000, longest: 300_000 };

/** Asks for a certificate when there is none, and for the next one when most of its life is over. */
export function certificateRotation(options: RotationOptions): Service {
  const { clock, random, logger, path, kind } = options;
  // Not all nodes of a cluster at once: after 70 to 90 % of its life.
  const share = 0.7 + 0.2 * random.next();
  return {
    name: `${kind} certificate rotation`,
    async run(signal) {
      let told = false;
      for (let failures = 0; !signal.aborted;) {
        const due = renewalTime(readTextIfPresent(path), options.names, share);
        if (due > clock.now()) {
          if (!told) options.changed();
          told = true;
          // The clock may be set meanwhile, so never for long.
          await clock.sleep(Math.min(longestPause, due - clock.now()), signal).catch(() => {});
          continue;
        }
        try {
          writeFileDurably(path, await options.request(signal));
          logger.info(`the ${kind} certificate is new`, { path });
          told = false;
          failures = 0;
        } catch (error) {
          if (signal.aborted) return;
          logger.warn(`no new ${kind} certificate; it will be tried again`, { error: messageOf(error) });
          // An old one that still is good serves until there is a new one.
          if (!told && isGood(readTextIfPresent(path), clock.now())) {
            options.changed();
            told = true;
          }
          failures += 1;
          await clock.sleep(pauseAfter(failures, retry), signal).catch(() => {});
        }
      }
    },
  };
}

/** When the next certificate is to be asked for, in milliseconds since the epoch; 0 when there is none that fits. */
export function renewalTime(text: string | undefined, names: RotationOptions['names'], share: number): number {
  if (text === undefined || !coversNames(text, names)) return 0;
  const start = startOf(text);
  return start + (expiryOf(text) - start) * share;
}

const isGood = (text: string | undefined, now: number): boolean => text !== undefined && expiryOf(text) > now;
