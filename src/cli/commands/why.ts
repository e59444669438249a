import { clusterFlags, jsonFlag, refuseMore, usageError, type Command, type CommandContext } from '../command.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import type { ControllersAnswer, DecisionAnswer } from '../why.ts';

/** Controllers by what users call their objects. */
const controllers: Readonly<Record<string, string>> = {
  deployment: 'deployment',
  deploy: 'deployment',
  replicaset: 'replicaset',
  rs: 'replicaset',
  replicationcontroller: 'replicationcontroller',
  rc: 'replicationcontroller',
  daemonset: 'daemonset',
  ds: 'daemonset',
  statefulset: 'statefulset',
  sts: 'statefulset',
  job: 'job',
  cronjob: 'cronjob',
  cj: 'cronjob',
  hpa: 'horizontalpodautoscaler',
  service: 'endpointslice',
  svc: 'endpointslice',
  pvc: 'persistentvolume-binder',
  pv: 'persistentvolume-reclaimer',
  namespace: 'namespace',
  ns: 'namespace',
};

const clusterScoped = new Set(['namespace', 'persistentvolume-reclaimer']);

export const why: Command = {
  name: 'why',
  positionals: 'KIND/NAME',
  summary: 'Tell why a pod is where it is, or what a controller wants to do next',
  description:
    "For a pod: the scheduler's last decision, node by node: which plugin said no, and the scores of the rest.\n" +
    'For a Deployment, Job and the like: the last plan of its controller, and what went wrong.',
  flags: {
    ...clusterFlags,
    namespace: { type: 'string', short: 'n', value: 'NAME', doc: 'its namespace (default default)' },
    ...jsonFlag,
  },
  examples: ['coracle why pod/web-1', 'coracle why deployment/web -n shop'],
  async run(context) {
    const { positionals } = context.args;
    refuseMore('why', positionals, 1);
    const [kind = '', name = '', ...rest] = (positionals[0] ?? '').toLowerCase().split('/');
    if (name === '' || rest.length > 0) throw usageError('why', 'why needs KIND/NAME, such as pod/web-1');
    const namespace = context.args.text('namespace') ?? 'default';
    if (kind === 'pod' || kind === 'pods' || kind === 'po') return await whyPod(context, `${namespace}/${name}`);
    const controller = controllers[kind] ?? controllers[kind.replace(/s$/, '')];
    if (controller === undefined)
      throw new UserError(
        `no controller tells about ${kind}`,
        `one of: pod, ${Object.keys(controllers).join(', ')}`,
        2,
      );
    return await whyController(context, controller, clusterScoped.has(controller) ? name : `${namespace}/${name}`);
  },
};

async function whyPod({ manager, terminal, args }: CommandContext, key: string): Promise<number> {
  const answer = (await manager.ask(`/debug/scheduler?pod=${encodeURIComponent(key)}`)) as DecisionAnswer;
  if (args.is('json')) terminal.print(JSON.stringify(answer, null, 2));
  else if (!answer.known) {
    terminal.print(`The scheduler has made no decision about pod ${key} since it started.`);
    terminal.print('It may have been placed before, name its node itself, be gated, or not exist.');
  } else printDecision((line) => terminal.print(line), answer);
  return answer.known ? 0 : 1;
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

async function whyController({ manager, terminal, args }: CommandContext, name: string, key: string): Promise<number> {
  const answer = (await manager.ask(
    `/debug/controllers?name=${name}&key=${encodeURIComponent(key)}`,
  )) as ControllersAnswer;
  if (args.is('json')) {
    terminal.print(JSON.stringify(answer, null, 2));
    return answer.last === undefined ? 1 : 0;
  }
  const [controller] = answer.controllers;
  if (controller === undefined) throw new UserError(`controller ${name} does not run`);
  const { depth, delayed, retries } = controller;
  terminal.print(`Controller ${name}: ${depth} waiting, ${delayed} due later, ${retries} retries so far`);
  const { last } = answer;
  if (last === undefined) {
    terminal.print(`It has not looked at ${key} lately: nothing about it has changed, or it does not exist.`);
    return 1;
  }
  terminal.print(`Last looked at ${key} at ${last.at}, for ${last.milliseconds.toFixed(1)} ms`);
  if (last.error !== undefined) terminal.print(`It failed: ${last.error}`);
  terminal.print(last.plan === undefined ? 'It planned nothing.' : `Its plan:\n${JSON.stringify(last.plan, null, 2)}`);
  return 0;
}
