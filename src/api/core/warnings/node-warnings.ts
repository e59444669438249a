/** About Nodes, in upstream's words (pkg/registry/core/node/strategy.go). */
import { cidrWarnings } from '../../rules/addresses.ts';
import type { LooseObject } from '../../rules/loose.ts';
import type { NodeSpec } from '../node.ts';

export function nodeWarnings({ spec = {} }: LooseObject<NodeSpec>): string[] {
  return [
    ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...((spec.externalID ?? '') === ''
      ? []
      : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
    ...(spec.podCIDRs ?? []).flatMap((cidr, index) => cidrWarnings(`spec.podCIDRs[${index}]`, cidr)),
  ];
}
