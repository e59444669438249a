/**
 * The audit trail of requests: one audit.k8s.io/v1 Event per stage, as the policy wants it. Costs nothing for
 * requests that the policy leaves out but finding that out.
 */
import { microTimestamp, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { kindOfObject } from '../../api/catalogue.ts';
import { isRecord } from '../../schema/freeze.ts';
import { decodeProtobuf, isProtobuf, openEnvelope } from '../../schema/protobuf.ts';
import type { UserInfo } from '../access.ts';
import type { Status } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { AuditDecision, AuditPolicy, AuditStage } from './policy.ts';

export interface AuditOptions {
  readonly policy: AuditPolicy;
  readonly clock: Clock;
  readonly random: Random;
  /** One line of JSON, without its end. */
  readonly write: (line: string) => void;
}

/** Who asks, and as whom. */
export interface AuditedUser {
  readonly user: UserInfo;
  readonly impersonated?: UserInfo;
}

export interface Audit {
  /** The trail of a request; undefined when the policy says nothing of it. */
  begin(exchange: Audited, info: RequestInfo, who: AuditedUser): Trail | undefined;
}

export type Audited = Pick<Exchange, 'url' | 'headers' | 'socket' | 'auditId'>;

export interface Trail {
  /** Adds to the events from now on. */
  readonly annotate: (key: string, value: string) => void;
  /** What was sent and answered, for callers without an exchange. */
  keep(objects: { readonly sent?: unknown; readonly answered?: unknown }): void;
  /** A watch or a stream has been begun. */
  opened(code: number): void;
  /** The exchange to go on with: it keeps what the level wants to know. */
  watch(exchange: Exchange): Exchange;
  /** The last event. `status` is that of a refusal. */
  finish(code: number, status?: Status): void;
}

const longest = 1024;

export function createAudit(options: AuditOptions): Audit {
  return {
    begin(exchange, info, who) {
      const decision = options.policy(who.user, info);
      return decision.level === 'None' ? undefined : new RequestTrail(options, decision, exchange, info, who);
    },
  };
}

class RequestTrail implements Trail {
  readonly #options: AuditOptions;
  readonly #decision: AuditDecision;
  readonly #common: Readonly<Record<string, unknown>>;
  readonly #annotations: Record<string, string> = {};
  #sent: Uint8Array | undefined;
  #answered: Uint8Array | string | undefined;
  #kept: { readonly sent?: unknown; readonly answered?: unknown } = {};
  #code = 0;

  constructor(options: AuditOptions, decision: AuditDecision, exchange: Audited, info: RequestInfo, who: AuditedUser) {
    this.#options = options;
    this.#decision = decision;
    this.#common = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: decision.level,
      auditID: exchange.auditId ?? options.random.uuid(),
      requestURI: exchange.url,
      verb: info.verb,
      user: who.user,
      ...(who.impersonated === undefined ? {} : { impersonatedUser: who.impersonated }),
      sourceIPs: addressesOf(exchange),
      userAgent: (exchange.headers['user-agent'] ?? '').slice(0, longest),
      ...referenceOf(info),
      requestReceivedTimestamp: microTimestamp(options.clock.now()),
    };
    this.#tell('RequestReceived', {});
  }

  readonly annotate = (key: string, value: string): void => {
    this.#annotations[key] = value;
  };

  keep(objects: { readonly sent?: unknown; readonly answered?: unknown }): void {
    this.#kept = { ...this.#kept, ...objects };
  }

  opened(code: number): void {
    this.#tell('ResponseStarted', { responseStatus: { metadata: {}, code }, ...this.#objects() });
  }

  watch(exchange: Exchange): Exchange {
    const { level } = this.#decision;
    const keepsRequest = level === 'Request' || level === 'RequestResponse';
    return watched(exchange, {
      annotate: (key, value) => this.annotate(key, value),
      sent: (body) => {
        if (keepsRequest) this.#sent = body;
      },
      answered: (body) => {
        if (level === 'RequestResponse') this.#answered = body;
      },
      opened: (code) => this.opened(code),
    });
  }

  finish(code: number, status?: Status): void {
    this.#code = code;
    const { message, reason } = status ?? {};
    const responseStatus = {
      metadata: {},
      ...(status === undefined ? {} : { status: status.status }),
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
      code,
    };
    this.#tell('ResponseComplete', { responseStatus, ...this.#objects() });
  }

  #objects(): object {
    const { omitManagedFields, level } = this.#decision;
    const shown = (kept: unknown): unknown => (omitManagedFields ? withoutManagedFields(kept) : kept);
    const { sent, answered } = this.#kept;
    const requestObject =
      objectOf(this.#sent, omitManagedFields) ??
      (level === 'Request' || level === 'RequestResponse' ? shown(sent) : undefined);
    const responseObject =
      objectOf(this.#answered, omitManagedFields) ?? (level === 'RequestResponse' ? shown(answered) : undefined);
    return {
      ...(requestObject === undefined ? {} : { requestObject }),
      ...(responseObject === undefined ? {} : { responseObject }),
    };
  }

  #tell(stage: AuditStage, more: object): void {
    if (this.#decision.omitStages.has(stage)) return;
    const { clock, write } = this.#options;
    const decided =
      stage === 'RequestReceived' ? {} : { annotations: { ...decisionOf(this.#code), ...this.#annotations } };
    write(JSON.stringify({ ...this.#common, stage, ...more, stageTimestamp: microTimestamp(clock.now()), ...decided }));
  }
}

/** Of calls of which nobody has told the decision. Who is not known is not decided upon. */
const decisionOf = (code: number): object =>
  code === 401 ? {} : { 'authorization.k8s.io/decision': code === 403 ? 'forbid' : 'allow' };

/** Only the connection's own address can be believed. */
function addressesOf({ socket }: Pick<Exchange, 'socket'>): readonly string[] {
  // Who has no connection is a part of the server process.
  if (socket === undefined) return ['127.0.0.1'];
  const address = socket.remoteAddress;
  return address === undefined ? [] : [address.replace(/^::ffff:/u, '')];
}

function referenceOf({ resource: asked }: RequestInfo): object {
  if (asked === undefined) return {};
  const { group, version, resource, subresource, namespace, name } = asked;
  const parts = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return { objectRef: Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== '')) };
}

/** JSON and protobuf of kinds that are known; of anything else the size is told. */
function objectOf(body: Uint8Array | string | undefined, omitManagedFields: boolean): unknown {
  if (body === undefined || body.length === 0) return undefined;
  const value = decoded(typeof body === 'string' ? Buffer.from(body) : body);
  if (value === undefined) return { kind: 'Unknown', bytes: body.length };
  return omitManagedFields ? withoutManagedFields(value) : value;
}

/** What can't be read is not the log's business: the answer to the client says so. */
function decoded(bytes: Uint8Array): unknown {
  try {
    if (!isProtobuf(bytes)) return JSON.parse(new TextDecoder().decode(bytes));
    const envelope = openEnvelope(bytes);
    const kind = kindOfObject(envelope.apiVersion, envelope.kind);
    return kind === undefined ? undefined : decodeProtobuf(kind.schema, envelope);
  } catch {
    return undefined;
  }
}

function withoutManagedFields(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { metadata, items } = value;
  return {
    ...value,
    ...(isRecord(metadata) ? { metadata: { ...metadata, managedFields: undefined } } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  };
}

interface Ears {
  annotate(key: string, value: string): void;
  sent(body: Uint8Array): void;
  answered(body: Uint8Array | string): void;
  opened(code: number): void;
}

function watched(exchange: Exchange, ears: Ears): Exchange {
  return {
    method: exchange.method,
    url: exchange.url,
    headers: exchange.headers,
    socket: exchange.socket,
    body: exchange.body,
    get started() {
      return exchange.started;
    },
    get status() {
      return exchange.status;
    },
    annotate: (key, value) => ears.annotate(key, value),
    bodyRead: (bytes) => ears.sent(bytes),
    send(status, headers, body) {
      if (headers['content-encoding'] === undefined) ears.answered(body);
      exchange.send(status, headers, body);
    },
    open(status, headers) {
      ears.opened(status);
      return exchange.open(status, headers);
    },
    onClose: (listener) => exchange.onClose(listener),
    destroy: () => exchange.destroy(),
  };
}
