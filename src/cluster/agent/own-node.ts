/** A node's own Node, followed: all that its agent may watch of them. */
import { Node } from '../../api/core/node.ts';
import { Informer, type InformerOptions } from '../../client/informer.ts';

export function ownNodeInformer(
  dependencies: Pick<InformerOptions<Node>, 'client' | 'clock' | 'random' | 'logger'>,
  nodeName: string,
): Informer<Node> {
  return new Informer<Node>({ ...dependencies, kind: Node, fieldSelector: `metadata.name=${nodeName}` });
}
