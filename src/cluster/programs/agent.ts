/** The agent program: one node. */
import { runAgent } from '../agent/agent.ts';
import { nodeNameOf } from '../processes/processes.ts';
import { runProcess } from '../processes/run-process.ts';

await runProcess((context, signal) => runAgent({ ...context, nodeName: nodeNameOf(context.name) ?? '' }, signal));
