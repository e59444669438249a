/** The ingress program. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { runIngress } from '../ingress.ts';
import { runProgram } from './program.ts';

await runProgram(({ layout, settings, logger, state, phase }, signal) =>
  runIngress(
    {
      layout,
      settings,
      clock: systemClock,
      random: systemRandom,
      logger,
      phase,
      ready: (endpoints) => state.update({ ready: true, endpoints }),
      failed: (failure) => state.update({ failure }),
    },
    signal,
  ),
);
