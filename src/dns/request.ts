/** What travels through the chain of handlers. */
import type { Query, Sections } from './wire.ts';
import { rcodes } from './wire.ts';

export interface Request {
  readonly query: Query;
  /** Lower case; a rewrite changes it, while the query keeps what was asked. */
  readonly name: string;
  readonly type: number;
  readonly client: { readonly address: string; readonly port: number };
  readonly transport: 'udp' | 'tcp';
}

export type Reply = Local | Foreign;

/** Made here, from records. */
export interface Local extends Sections {
  readonly kind: 'local';
  /** Whether it follows from the cluster zone alone, so that it holds until the zone changes. */
  readonly stable?: boolean;
}

/** What an upstream sent: passed on as it is, but for the id. */
export interface Foreign {
  readonly kind: 'foreign';
  readonly rcode: number;
  readonly message: Uint8Array;
}

export type Answer = Reply | Promise<Reply>;
export type Next = (request: Request) => Answer;
/** Answers, or asks the next one. */
export type Handler = (request: Request, next: Next) => Answer;

export function errorReply(rcode: number): Local {
  return { kind: 'local', rcode, authoritative: false, answers: [], authorities: [], additionals: [] };
}

/** What the last handler's next says: nobody felt responsible. */
const refuse: Next = () => errorReply(rcodes.REFUSED);

export function chain(handlers: readonly Handler[], last: Next = refuse): Next {
  return handlers.reduceRight<Next>((next, handler) => (request) => handler(request, next), last);
}

/** Works on an answer that may be there already: most are, and a promise costs more than they do. */
export function andThen(answer: Answer, action: (reply: Reply) => Answer): Answer {
  return answer instanceof Promise ? answer.then(action) : action(answer);
}

/** Whether `name` is `zone` or below it. */
export function isWithin(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}
