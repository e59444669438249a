/**
 * Nodes that exist in the API only (`coracle up --sim-nodes N`). Their label says so, and a taint of the same name
 * keeps pods away that do not tolerate it.
 */
import type { Node } from './node.ts';

export const simulatedNode = 'coracle.dev/simulated';

export function isSimulated({ metadata }: Pick<Node, 'metadata'>): boolean {
  return metadata.labels?.[simulatedNode] !== undefined;
}
