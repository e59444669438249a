/** `serviceaccounts/NAME/token`: a token for the account, bound to a pod, a Secret or a node when asked. */
import { TokenRequest } from '../../api/authentication/token-request.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { Secret } from '../../api/core/secret.ts';
import { timestamp } from '../../base/clock.ts';
import type { ObjectReader } from '../access.ts';
import type { Bound, TokenIssuer, TokenOrder } from '../authentication/token-issuer.ts';
import { badRequest, conflict, invalid, notFound } from '../errors.ts';
import { bodyOf } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import { admissionOf } from '../registry/admit.ts';
import { checkType, decodeKind } from '../registry/draft.ts';
import { readOne } from '../registry/read.ts';
import { metaOf } from '../registry/snapshot.ts';
import type { SubresourceHandler } from '../server-types.ts';

type BoundReference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

/** Upstream gives pods' hourly tokens a year, and a warning after the hour, for old clients that never read again. */
const warnedSeconds = 3_607;
const extendedSeconds = 365 * 24 * 3_600;

export interface TokenHandlerOptions {
  readonly issuer: TokenIssuer;
  readonly reader: ObjectReader;
  /** Whether pods' hourly tokens are good for longer than was asked. Default yes, as upstream. */
  readonly extend?: boolean | undefined;
}

export function tokenHandler({ issuer, reader, extend = true }: TokenHandlerOptions): SubresourceHandler {
  return {
    verbs: ['create'],
    async handle(call) {
      checkOptions('CreateOptions', call.info.query);
      const { target, server, context } = call;
      const account = metaOf(readOne(server.registry.store, target.resource, target.namespace, target.name).value);
      const parsed = await bodyOf(call, TokenRequest);
      const draft = decodeKind(TokenRequest, checkType(TokenRequest, parsed.value), parsed.duplicates, context);
      const request = draft as unknown as TokenRequest;
      const faults = TokenRequest.validate?.(request) ?? [];
      if (faults.length > 0) throw invalid({ group: TokenRequest.group, kind: TokenRequest.kind }, '', faults);
      const admission = admissionOf(server.registry, context, { operation: 'CREATE', target, draft });
      await admission.admit();
      await admission.validate();
      const serviceAccount = { name: target.name, uid: account.uid ?? '' };
      const order = orderOf(request, target.namespace, serviceAccount, reader);
      const { token, expires, id } = await issuer.issue(order);
      context.annotate?.('authentication.kubernetes.io/issued-credential-id', `JTI=${id}`);
      // The answer names the time asked for, so that the holder refreshes in time.
      const shown = order.warnAfterSeconds === undefined ? expires : server.clock.now() + warnedSeconds * 1000;
      const metadata = {
        name: target.name,
        namespace: target.namespace,
        creationTimestamp: timestamp(server.clock.now()),
      };
      const spec = { ...request.spec, audiences: order.audiences };
      const value = { ...draft, metadata, spec, status: { token, expirationTimestamp: timestamp(shown) } };
      return { type: 'value', status: 201, value, kind: TokenRequest };
    },
  };

  function orderOf(
    { spec }: TokenRequest,
    namespace: string,
    serviceAccount: Bound,
    objects: ObjectReader,
  ): TokenOrder {
    const asked = spec.expirationSeconds ?? 3_600;
    const audiences = spec.audiences.length === 0 ? issuer.audiences : spec.audiences;
    const bound =
      spec.boundObjectRef === undefined || (spec.boundObjectRef.name ?? '') === ''
        ? {}
        : boundTo(spec.boundObjectRef, namespace, serviceAccount, objects);
    const forServer =
      audiences.length === issuer.audiences.length && audiences.every((each) => issuer.audiences.includes(each));
    const extended = extend && asked === warnedSeconds && 'pod' in bound && forServer;
    return {
      namespace,
      serviceAccount,
      ...bound,
      audiences,
      seconds: extended ? extendedSeconds : asked,
      ...(extended ? { warnAfterSeconds: warnedSeconds } : {}),
    };
  }
}

function boundTo(ref: BoundReference, namespace: string, account: Bound, reader: ObjectReader): Partial<TokenOrder> {
  const name = ref.name ?? '';
  switch (ref.kind) {
    case 'Pod':
      return boundToPod(ref, account, reader.get(Pod, namespace, name), reader);
    case 'Secret':
      return { secret: checked(ref, 'secrets', reader.get(Secret, namespace, name)) };
    case 'Node':
      return { node: checked(ref, 'nodes', reader.get(Node, '', name)) };
    default:
      throw badRequest(`cannot bind token to object of type ${ref.apiVersion ?? ''}, Kind=${ref.kind ?? ''}`);
  }
}

/** A pod's token names the pod's node, too. */
function boundToPod(
  ref: BoundReference,
  account: Bound,
  pod: Pod | undefined,
  reader: ObjectReader,
): Partial<TokenOrder> {
  const found = checked(ref, 'pods', pod);
  const { serviceAccountName = 'default', nodeName = '' } = pod?.spec ?? {};
  if (serviceAccountName !== account.name) {
    const names = [account.name, serviceAccountName].map((each) => JSON.stringify(each));
    throw badRequest(
      `cannot bind token for serviceaccount ${names[0]} to pod running with different serviceaccount name ${names[1]}`,
    );
  }
  const node = reader.get(Node, '', nodeName);
  return { pod: found, ...(node === undefined ? {} : { node: { name: node.metadata.name, uid: node.metadata.uid } }) };
}

function checked(
  ref: BoundReference,
  resource: string,
  object: { readonly metadata: { readonly name: string; readonly uid: string } } | undefined,
): Bound {
  const name = ref.name ?? '';
  if (object === undefined) throw notFound({ group: '', resource }, name);
  const { uid } = object.metadata;
  if (ref.uid !== undefined && ref.uid !== '' && ref.uid !== uid) {
    const detail = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource }, name, detail);
  }
  return { name, uid };
}
