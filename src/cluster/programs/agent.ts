/** The agent program: one node. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { runAgent } from '../agent.ts';
import { runProgram } from './program.ts';

await runProgram(({ name, layout, settings, logger, state, phase }, signal) =>
  runAgent(
    {
      layout,
      settings,
      nodeName: name.replace(/^agent-/, ''),
      clock: systemClock,
      random: systemRandom,
      logger,
      phase,
      ready: (endpoints) => state.update({ ready: true, endpoints }),
    },
    signal,
  ),
);
