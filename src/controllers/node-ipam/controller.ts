import { Node } from '../../api/core/node.ts';
import { isSimulated } from '../../api/core/simulated-node.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import { freeRange } from './plan.ts';

/** Prefix length of a node's range: 254 pods. */
const nodeBits = 24;

/** One key at a time: two nodes must not get the same range. */
export function nodeIpamController(
  { client, informers, clock, logger }: Dependencies,
  events: Events,
  clusterCidr: string,
): Controller {
  const nodes = informers.of(Node);
  // Granted and not yet seen in the cache.
  const granted = new Map<string, Node>();
  return new Controller(
    {
      name: 'node-ipam',
      sources: [watching(nodes)],
      concurrency: 1,
      async reconcile(name): Promise<ReconcileResult> {
        const node = nodes.get({ name });
        if (node === undefined || node.spec?.podCIDR !== undefined) {
          granted.delete(name);
          return {};
        }
        // Its pods have addresses of another range; thousands would use this one up.
        if (isSimulated(node)) return {};
        if (granted.get(name)?.metadata.uid === node.metadata.uid) return {};
        const podCIDR = freeRange(clusterCidr, nodeBits, [...nodes.list(), ...granted.values()]);
        if (podCIDR === undefined) {
          events.warning(Node, node, 'CIDRNotAvailable', 'Node status is now: CIDRNotAvailable');
          return { after: 60_000 };
        }
        try {
          const patch = { spec: { podCIDR, podCIDRs: [podCIDR] } };
          granted.set(name, await client.patch(Node, { name }, patch, { type: 'merge' }));
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return {};
      },
    },
    { clock, logger },
  );
}
