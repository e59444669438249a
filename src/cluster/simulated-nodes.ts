/** The process of `--sim-nodes`: nodes that exist in the API only, all in one, apart from what really works. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { simulatedNodes } from '../node/simulated/simulated-nodes.ts';
import { apiClient } from './api-client.ts';
import type { Layout } from './layout.ts';
import { nodeAddress } from './nodes.ts';
import type { ClusterSettings } from './settings.ts';

export interface SimulatedNodesProcess {
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly phase: (name: string) => void;
  readonly ready: (endpoints: Readonly<Record<string, string>>) => void;
}

export async function runSimulatedNodes(options: SimulatedNodesProcess, signal: AbortSignal): Promise<void> {
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
