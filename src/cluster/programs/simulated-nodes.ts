/** The program that stands for all nodes that exist in the API only. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { runSimulatedNodes } from '../simulated-nodes.ts';
import { runProgram } from './program.ts';

await runProgram(({ layout, settings, logger, state, phase }, signal) =>
  runSimulatedNodes(
    {
      layout,
      settings,
      clock: systemClock,
      random: systemRandom,
      logger,
      phase,
      ready: (endpoints) => state.update({ ready: true, endpoints }),
    },
    signal,
  ),
);
