/** Handlers of a few lines each: errors, log, loadbalance. */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { andThen, errorReply, type Handler, type Local, type Reply } from '../request.ts';
import { rcodeName, rcodes, typeName } from '../wire.ts';

/** What failed behind it becomes a line in the log and SERVFAIL for the client. */
export function errorsHandler(write: (line: string) => void): Handler {
  return (request, next) => {
    const failed = (error: unknown): Reply => {
      write(`[ERROR] plugin/errors: 2 ${request.name}. ${typeName(request.type)}: ${messageOf(error)}`);
      return errorReply(rcodes.SERVFAIL);
    };
    try {
      const answer = next(request);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  };
}

/** One line per answer, in the common form that people grep for. */
export function logHandler(clock: Clock, write: (line: string) => void): Handler {
  return (request, next) => {
    const start = clock.monotonic();
    return andThen(next(request), (reply) => {
      const { query, client, transport } = request;
      const seconds = ((clock.monotonic() - start) / 1000).toFixed(9);
      const size = query.edns?.size ?? 512;
      const question = `${typeName(query.type)} IN ${query.name}. ${transport} ${query.message.length} ${query.edns?.dnssec === true} ${size}`;
      const length = reply.kind === 'foreign' ? reply.message.length : 0;
      write(
        `[INFO] ${client.address}:${client.port} - ${query.id} "${question}" ${rcodeName(reply.rcode)} ` +
          `${reply.kind === 'local' && reply.authoritative ? 'qr,aa,rd' : 'qr,rd,ra'} ${length} ${seconds}s`,
      );
      return reply;
    });
  };
}

/** Turns the addresses of an answer round, so that clients that take the first one spread. */
export function loadBalanceHandler(): Handler {
  let turn = 0;
  return (request, next) =>
    andThen(next(request), (reply) => {
      if (reply.kind === 'foreign' || reply.answers.length < 2) return reply;
      turn = (turn + 1) % 0x4000_0000;
      return rotated(reply, turn);
    });
}

/** Records that are no addresses (a CNAME comes first) stay where they are. */
function rotated(reply: Local, turn: number): Local {
  const isAddress = (type: string): boolean => type === 'A' || type === 'AAAA';
  const addresses = reply.answers.filter(({ data }) => isAddress(data.type));
  const others = reply.answers.filter(({ data }) => !isAddress(data.type));
  const start = turn % Math.max(1, addresses.length);
  return { ...reply, answers: [...others, ...addresses.slice(start), ...addresses.slice(0, start)] };
}
