/**
 * `rewrite [stop|continue] name [exact|prefix|suffix|substring|regex] FROM TO` and `rewrite type FROM TO`:
 * another question for the handlers behind. Answers come back under the name that was asked for.
 */
import { CorefileError, normalizeZone, type Directive } from '../corefile.ts';
import { toLocal } from '../foreign.ts';
import { andThen, type Handler, type Request } from '../request.ts';
import { types, type ResourceRecord } from '../wire.ts';

interface Rule {
  readonly goOn: boolean;
  /** Undefined when it does not match. */
  readonly apply: (request: Request) => Request | undefined;
}

export function rewriteHandler(directives: readonly Directive[]): Handler {
  const rules = directives.map(parseRule);
  return (request, next) => {
    let changed = request;
    for (const rule of rules) {
      const result = rule.apply(changed);
      if (result === undefined) continue;
      changed = result;
      if (!rule.goOn) break;
    }
    if (changed === request) return next(request);
    const { name } = changed;
    return andThen(next(changed), (reply) => {
      const back = (record: ResourceRecord): ResourceRecord =>
        record.name === name ? { ...record, name: request.name } : record;
      const local = toLocal(reply);
      return { ...local, answers: local.answers.map(back), additionals: local.additionals.map(back) };
    });
  };
}

function parseRule({ args, line }: Directive): Rule {
  const mode = args[0] === 'continue' || args[0] === 'stop' ? args[0] : undefined;
  const [field, ...rest] = mode === undefined ? args : args.slice(1);
  const goOn = mode === 'continue';
  if (field === 'type') return { goOn, apply: typeRule(rest, line) };
  if (field === 'name') return { goOn, apply: nameRule(rest, line) };
  throw new CorefileError(`plugin/rewrite: invalid rule type "${field ?? ''}"; name and type are supported`, line);
}

function typeRule([from = '', to = '']: readonly string[], line: number): Rule['apply'] {
  const numbers: Readonly<Record<string, number>> = types;
  const [before, after] = [numbers[from.toUpperCase()], numbers[to.toUpperCase()]];
  if (before === undefined || after === undefined) {
    throw new CorefileError(`plugin/rewrite: "${from} ${to}" are no record types`, line);
  }
  return (request) => (request.type === before ? { ...request, type: after } : undefined);
}

const kinds = new Set(['exact', 'prefix', 'suffix', 'substring', 'regex']);

function nameRule(args: readonly string[], line: number): Rule['apply'] {
  const [first = ''] = args;
  const [kind, from, to] = kinds.has(first) ? [first, args[1], args[2]] : ['exact', args[0], args[1]];
  if (from === undefined || to === undefined) {
    throw new CorefileError('plugin/rewrite: name rules must have at least two arguments', line);
  }
  const rewritten = nameChange(kind, from, to, line);
  return (request) => {
    const name = rewritten(request.name);
    return name === undefined || name === request.name ? undefined : { ...request, name };
  };
}

function nameChange(kind: string, from: string, to: string, line: number): (name: string) => string | undefined {
  const [before, after] = [normalizeZone(from), normalizeZone(to)];
  switch (kind) {
    case 'prefix':
      return (name) => (name.startsWith(from) ? to + name.slice(from.length) : undefined);
    case 'suffix':
      return (name) => (name.endsWith(before) ? name.slice(0, name.length - before.length) + after : undefined);
    case 'substring':
      return (name) => (name.includes(before) ? name.replace(before, () => after) : undefined);
    case 'regex':
      return regexChange(from, after, line);
    default:
      return (name) => (name === before ? after : undefined);
  }
}

/** Names are matched with the dot at the end, and `{1}` in the target stands for the first group. */
function regexChange(from: string, to: string, line: number): (name: string) => string | undefined {
  const pattern = compile(from, line);
  return (name) => {
    const match = pattern.exec(`${name}.`);
    if (match === null) return undefined;
    return normalizeZone(to.replaceAll(/\{(\d+)\}/g, (_, group: string) => match[Number(group)] ?? ''));
  };
}

function compile(text: string, line: number): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch {
    throw new CorefileError(`plugin/rewrite: invalid regex pattern: ${text}`, line);
  }
}
