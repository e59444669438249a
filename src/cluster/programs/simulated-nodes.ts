/** The program of `--sim-nodes`: nodes that exist in the API only, all in one, apart from what really works. */
import { simulatedNodes } from '../../node/simulated/simulated-nodes.ts';
import { apiClient } from '../credentials/api-client.ts';
import { runProcess, type ProcessContext } from '../processes/run-process.ts';
import { nodeAddress } from '../settings/nodes.ts';

async function runSimulatedNodes(options: ProcessContext, signal: AbortSignal): Promise<void> {
  const { layout, settings, clock, random, logger } = options;
  const server = `https://127.0.0.1:${settings.port}`;
  const client = apiClient({ pki: layout.pki, server, clock, random }, 'simulated-nodes');
  const nodes = simulatedNodes({
    client,
    clock,
    random,
    logger,
    count: settings.simulatedNodes ?? 0,
    prefix: settings.name,
    address: nodeAddress(settings),
    onReady: () => {
      options.phase('nodes registered');
      options.ready({});
    },
  });
  try {
    await nodes.run(signal);
  } finally {
    await client.close();
  }
}

await runProcess(runSimulatedNodes);
