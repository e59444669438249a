/** Certificate signing requests: those of nodes are approved, approved ones are signed, old ones are removed. */
import { SubjectAccessReview } from '../../api/authorization/subject-access-review.ts';
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { Node } from '../../api/core/node.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import { expiryOf, readSigningRequest, signRequest, type KeyPair } from '../../pki/certificate.ts';
import type { Dependencies } from '../dependencies.ts';
import {
  approvalRights,
  decisionOf,
  grantedFor,
  isToBeSigned,
  removalTime,
  servingVerdict,
  takesNode,
  validityOf,
  type Requested,
} from './plan.ts';

/** Timers are bounded; it is looked at again then. */
const longestPause = 24 * 3_600_000;

/** How often, and for how long, a request waits for its Node to say which addresses it has. Milliseconds. */
const nodePause = 500;
const nodePatience = 300_000;

type Request = CertificateSigningRequest;

export function certificateControllers(deps: Dependencies, authority: () => KeyPair): readonly Controller[] {
  const { informers, clock, logger } = deps;
  const requests = informers.of(CertificateSigningRequest);
  const nodes = informers.of(Node);
  const controller = (name: string, reconcile: (request: Request) => Promise<{ after?: number } | void>): Controller =>
    new Controller(
      {
        name,
        sources: [watching(requests), watching(nodes, () => [])],
        async reconcile(key) {
          const request = requests.get({ name: key });
          if (request === undefined) return;
          try {
            return await reconcile(request);
          } catch (error) {
            // Somebody else has changed it: the informer brings it here again.
            if (!isConflict(error) && !isNotFound(error)) throw error;
          }
        },
      },
      { clock, logger },
    );
  return [
    controller('csrapproving', (request) => approve(deps, request, nodes.list())),
    controller('csrsigning', (request) => sign(deps, authority(), request)),
    controller('csrcleaner', (request) => clean(deps, request)),
  ];
}

const pemOf = ({ spec }: Request): string => Buffer.from(spec.request, 'base64').toString();

async function approve(
  deps: Dependencies,
  request: Request,
  nodes: readonly Node[],
): Promise<{ after?: number } | void> {
  if (decisionOf(request) !== 'pending') return;
  const requested = await readSigningRequest(pemOf(request)).catch(() => undefined);
  if (requested === undefined || !isGrantable(request, requested)) return;
  const verdict = servingVerdict(request, requested, nodes);
  if (verdict === 'approve') {
    const message = 'The node asks for its own name and addresses.';
    return decide(deps, request, 'approval', { type: 'Approved', reason: 'AutoApproved', message });
  }
  if (verdict === 'wait') {
    const age = deps.clock.now() - parseTimestamp(request.metadata.creationTimestamp);
    return age < nodePatience ? { after: nodePause } : undefined;
  }
  return approveByRight(deps, request, requested, nodes);
}

async function approveByRight(
  deps: Dependencies,
  request: Request,
  requested: Requested,
  nodes: readonly Node[],
): Promise<void> {
  const rights = approvalRights(request, requested);
  if (rights.length === 0) return;
  if (takesNode(request, requested, nodes)) {
    deps.logger.warn('a bootstrap token asks for the certificate of a node that there is: left to people', {
      request: request.metadata.name,
      node: requested.commonName,
    });
    return;
  }
  for (const { subresource, message } of rights) {
    if (!(await isAllowed(deps, request, subresource))) continue;
    return decide(deps, request, 'approval', { type: 'Approved', reason: 'AutoApproved', message });
  }
}

async function isAllowed({ client }: Dependencies, { spec }: Request, subresource: string): Promise<boolean> {
  const { username, uid, groups, extra } = spec;
  const review = await client.create(SubjectAccessReview, {
    metadata: {},
    spec: {
      user: username ?? '',
      groups: groups ?? [],
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
        version: '*',
      },
    },
  });
  return review.status?.allowed === true;
}

function isGrantable(request: Request, requested: Requested): boolean {
  try {
    grantedFor(request, requested);
    return true;
  } catch {
    // The signer would refuse it: that is for people to look at.
    return false;
  }
}

async function sign(deps: Dependencies, authority: KeyPair, request: Request): Promise<void> {
  if (!isToBeSigned(request)) return;
  const { client, clock, random } = deps;
  let certificate: string;
  try {
    const granted = grantedFor(request, await readSigningRequest(pemOf(request)));
    const { from, until } = validityOf(request, clock.now());
    const span = { from, until: Math.min(until, expiryOf(authority.certificate)) };
    certificate = await signRequest(authority, pemOf(request), granted, span, random);
  } catch (error) {
    const message = messageOf(error);
    return decide(deps, request, 'status', { type: 'Failed', reason: 'SignerValidationFailure', message });
  }
  const status = { ...request.status, certificate: Buffer.from(certificate).toString('base64') };
  await client.update(CertificateSigningRequest, { ...request, status }, { subresource: 'status' });
}

async function clean({ client, clock }: Dependencies, request: Request): Promise<{ after?: number } | void> {
  const certificate = Buffer.from(request.status?.certificate ?? '', 'base64').toString();
  const due = removalTime(request, certificate === '' ? undefined : expiryOf(certificate)) - clock.now();
  if (due > 0) return { after: Math.min(due, longestPause) };
  const { name, uid } = request.metadata;
  await client.delete(CertificateSigningRequest, { name }, { preconditions: { uid } });
}

async function decide(
  { client, clock }: Dependencies,
  request: Request,
  subresource: 'approval' | 'status',
  decision: { readonly type: string; readonly reason: string; readonly message: string },
): Promise<void> {
  const now = timestamp(clock.now());
  const condition = { ...decision, status: 'True', lastUpdateTime: now, lastTransitionTime: now };
  const status = { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] };
  const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests/${encodeURIComponent(request.metadata.name)}`;
  const answer = await client.request({
    method: 'PUT',
    path: `${path}/${subresource}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...request,
      kind: 'CertificateSigningRequest',
      apiVersion: 'certificates.k8s.io/v1',
      status,
    }),
  });
  if (answer.status === 409 || answer.status === 404 || answer.status < 300) return;
  throw new Error(`${subresource} of ${request.metadata.name}: ${Buffer.from(answer.body).toString()}`);
}
