/** The server program: store, API server, controllers, scheduler. */
import { runProcess } from '../processes/run-process.ts';
import { runServer } from '../server/server.ts';

await runProcess(runServer);
