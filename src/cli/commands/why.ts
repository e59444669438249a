import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { clusterFlags, jsonFlag, refuseMore, usageError, type Command, type CommandContext } from '../command.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import type { ControllersAnswer, DecisionAnswer } from '../why/answers.ts';
import { explainedKind, explainedKinds, type ExplainedKind } from '../why/kinds.ts';
import { conditionLine, planLines, progressOf, troubleOf, type ObjectView, type PodView } from '../why/sentences.ts';
import { readFamily, readObject, readWarnings, type Family, type Warning } from '../why/surroundings.ts';

const pods: ExplainedKind = { kind: 'Pod', root: 'api/v1', plural: 'pods', namespaced: true, controller: '' };
const ownScheduler = 'default-scheduler';
/** Lines of one sort. */
const most = 10;
const mostWarnings = 5;

export const why: Command = {
  name: 'why',
  positionals: 'KIND/NAME',
  summary: 'Tell why a pod is where it is, or what a controller wants to do next and what it waits for',
  description:
    "For a pod: the scheduler's last decision, node by node: which plugin said no, and the scores of the rest; then\n" +
    'what keeps it from being ready.\n' +
    'For a Deployment, Job and the like: how far it is, the pods that it waits for, what went wrong lately, and the\n' +
    'last plan of its controller (whole with --json).',
  flags: {
    ...clusterFlags,
    namespace: { type: 'string', short: 'n', value: 'NAME', doc: 'its namespace (default default)' },
    ...jsonFlag,
  },
  examples: ['coracle why pod/web-1', 'coracle why deployment/web -n shop'],
  async run(context) {
    const { positionals } = context.args;
    refuseMore('why', positionals, 1);
    const [word = '', name = '', ...rest] = (positionals[0] ?? '').split('/');
    if (name === '' || rest.length > 0) throw usageError('why', 'why needs KIND/NAME, such as pod/web-1');
    const namespace = context.args.text('namespace') ?? 'default';
    if (['pod', 'pods', 'po'].includes(word.toLowerCase())) return await whyPod(context, namespace, name);
    const kind = explainedKind(word.toLowerCase());
    if (kind === undefined) {
      const kinds = explainedKinds.map((each) => each.kind.toLowerCase()).join(', ');
      throw new UserError(`nobody tells about ${word}`, `one of: pod, ${kinds}`, 2);
    }
    return await whyObject(context, kind, namespace, name);
  },
};

async function whyPod({ manager, terminal, args }: CommandContext, namespace: string, name: string): Promise<number> {
  const key = `${namespace}/${name}`;
  const answer = (await manager.ask(`/debug/scheduler?pod=${encodeURIComponent(key)}`)) as DecisionAnswer;
  if (args.is('json')) {
    terminal.print(JSON.stringify(answer, null, 2));
    return answer.known ? 0 : 1;
  }
  const print = (line: string): void => terminal.print(line);
  const pod = await readObject<PodView>((path) => manager.ask(path), pods, namespace, name);
  if (pod === undefined) throw new UserError(`there is no pod ${key}`);
  if (answer.known) printDecision(print, answer);
  else print(withoutDecision(pod));
  const trouble = (pod.spec?.nodeName ?? '') === '' ? undefined : troubleOf(pod);
  if (trouble !== undefined) print(`\nIt ${trouble}`);
  const warnings = await readWarnings((path) => manager.ask(path), namespace);
  printWarnings(
    print,
    warnings.filter(({ uid }) => uid === pod.metadata.uid),
  );
  return 0;
}

/** Why the scheduler has nothing to say about a pod. */
function withoutDecision({ spec }: PodView & { readonly spec?: Readonly<Record<string, unknown>> }): string {
  const {
    schedulerName = ownScheduler,
    schedulingGates,
    nodeName,
  } = (spec ?? {}) as {
    readonly schedulerName?: string;
    readonly nodeName?: string;
    readonly schedulingGates?: readonly { readonly name: string }[];
  };
  if (nodeName !== undefined && nodeName !== '') {
    return `It is on node ${nodeName}: it was placed before this server started, or named its node itself.`;
  }
  if (schedulerName !== ownScheduler) {
    return `It asks for the scheduler ${JSON.stringify(schedulerName)}; this cluster's own is ${ownScheduler}.`;
  }
  const gates = (schedulingGates ?? []).map(({ name }) => name);
  if (gates.length > 0) return `It waits for its scheduling gates to be taken away: ${gates.join(', ')}`;
  return 'The scheduler has not looked at it yet.';
}

function printDecision(print: (line: string) => void, answer: DecisionAnswer): void {
  print(`${answer.at ?? ''}  ${answer.message ?? ''}`);
  const { rejected = [], scores = [] } = answer;
  if (rejected.length > 0) {
    print('');
    const rows = rejected.map(({ node, plugin, reasons }) => [node, plugin, reasons.join(', ')]);
    for (const line of columns(['NODE', 'REJECTED BY', 'REASONS'], rows)) print(line);
  }
  if (scores.length > 0) {
    print('');
    const rows = scores
      .toSorted((a, b) => b.total - a.total)
      .map(({ node, total, byPlugin }) => [
        node,
        String(total),
        Object.entries(byPlugin)
          .map(([plugin, score]) => `${plugin} ${score}`)
          .join(', '),
      ]);
    for (const line of columns(['NODE', 'SCORE', 'OF WHICH'], rows)) print(line);
  }
}

async function whyObject(
  { manager, terminal, args }: CommandContext,
  kind: ExplainedKind,
  namespace: string,
  name: string,
): Promise<number> {
  const key = kind.namespaced ? `${namespace}/${name}` : name;
  const path = `/debug/controllers?name=${kind.controller}&key=${encodeURIComponent(key)}`;
  const answer = (await manager.ask(path)) as ControllersAnswer;
  if (args.is('json')) {
    terminal.print(JSON.stringify(answer, null, 2));
    return answer.last === undefined ? 1 : 0;
  }
  const ask = (each: string): Promise<unknown> => manager.ask(each);
  const object = await readObject<ObjectView>(ask, kind, namespace, name);
  if (object === undefined) throw new UserError(`there is no ${kind.kind} ${key}`);
  const family = await readFamily(ask, kind, object);
  const warnings = kind.namespaced ? await readWarnings(ask, namespace) : [];
  const print = (line: string): void => terminal.print(line);
  printState(print, kind, object);
  printPods(print, kind, family, warnings);
  printWarnings(
    print,
    warnings.filter(({ uid }) => family.uids.has(uid)),
  );
  printPlan(print, kind, answer);
  return 0;
}

function printState(print: (line: string) => void, { kind }: ExplainedKind, object: ObjectView): void {
  const { namespace, name, deletionTimestamp, finalizers = [] } = object.metadata;
  const progress = progressOf(kind, object);
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  print(`${kind} ${key}${progress === undefined ? '' : `: ${progress}`}`);
  for (const condition of object.status?.conditions ?? []) print(`  ${conditionLine(condition)}`);
  if (deletionTimestamp === undefined) return;
  const held = finalizers.length === 0 ? '' : `, and held by ${finalizers.join(', ')}`;
  print(`  It is being deleted since ${deletionTimestamp}${held}`);
}

function printPods(
  print: (line: string) => void,
  { kind }: ExplainedKind,
  family: Family,
  warnings: readonly Warning[],
): void {
  const lines = family.pods.flatMap((pod) => {
    const trouble = troubleOf(pod);
    if (trouble === undefined) return [];
    const warning = warnings.find(({ uid }) => uid === pod.metadata.uid);
    // What the scheduler says is in the pod's condition already.
    const more = warning === undefined || warning.text.startsWith('FailedScheduling') ? [] : [`    ${warning.text}`];
    return [[`${pod.metadata.name} ${trouble}`, ...more].join('\n')];
  });
  printSome(print, 'Pods that are not as they should be', lines);
  if (kind === 'Service' && family.pods.length === 0) print('\nIt selects no pod.');
}

function printPlan(
  print: (line: string) => void,
  { controller: name }: ExplainedKind,
  answer: ControllersAnswer,
): void {
  const [controller] = answer.controllers;
  if (controller === undefined) throw new UserError(`controller ${name} does not run`, 'see: coracle status');
  const { last } = answer;
  print('');
  if (last === undefined) {
    return print(`The controller ${name} has not looked at it since the server started: nothing about it has changed.`);
  }
  print(`The controller ${name} looked at it last at ${last.at}, for ${last.milliseconds.toFixed(1)} ms.`);
  if (last.error !== undefined) return print(`It failed, and tries again: ${last.error}`);
  const lines = planLines(last.plan);
  if (lines.length === 0) print('There was nothing for it to do.');
  for (const line of lines) print(`  ${line}`);
  const { after } = (last.plan ?? {}) as { readonly after?: number };
  const due = after === undefined ? '' : `, and at ${timestamp(parseTimestamp(last.at) + after)}`;
  print(`It looks again when something changes${due}.`);
}

function printWarnings(print: (line: string) => void, warnings: readonly Warning[]): void {
  printSome(
    print,
    'Went wrong lately',
    warnings.map(({ at, text }) => `${at}  ${text}`),
    mostWarnings,
  );
}

function printSome(print: (line: string) => void, title: string, lines: readonly string[], limit = most): void {
  if (lines.length === 0) return;
  print(`\n${title}:`);
  for (const line of lines.slice(0, limit)) print(`  ${line}`);
  if (lines.length > limit) print(`  and ${lines.length - limit} more`);
}
