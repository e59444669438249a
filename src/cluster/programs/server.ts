/** The server program: store, API server, controllers, scheduler. */
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { runServer } from '../server.ts';
import { runProgram } from './program.ts';

await runProgram(({ layout, settings, logger, state, phase }, signal) =>
  runServer(
    {
      layout,
      settings,
      clock: systemClock,
      random: systemRandom,
      logger,
      phase,
      ready: (endpoints) => {
        phase('API ready');
        state.update({ ready: true, endpoints });
      },
    },
    signal,
  ),
);
