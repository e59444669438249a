/** Plugins that look at the node alone: NodeUnschedulable, NodeName, TaintToleration, NodePorts. */
import { tolerates } from '../../api/core/placement.ts';
import type { Taint } from '../../api/core/taint.ts';
import { judgedOnce } from '../node-traits.ts';
import { resolvable, stretch, unresolvable, type Plugin } from '../plugin.ts';
import { hostPortsOf, type HostPort, type NodeView } from '../snapshot.ts';

const unschedulableTaint: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  weight: 0,
  prepare(pod) {
    const tolerated = tolerates(pod.spec?.tolerations ?? [], unschedulableTaint);
    const rejection = unresolvable('node(s) were unschedulable');
    return tolerated ? {} : { filter: judgedOnce(({ unschedulable }) => (unschedulable ? rejection : undefined)) };
  },
};

export const nodeName: Plugin = {
  name: 'NodeName',
  weight: 0,
  prepare(pod) {
    const wanted = pod.spec?.nodeName ?? '';
    if (wanted === '') return {};
    const rejection = unresolvable("node(s) didn't match the requested node name");
    return { filter: (view) => (view.name === wanted ? undefined : rejection) };
  },
};

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  prepare(pod) {
    const tolerations = pod.spec?.tolerations ?? [];
    const soft = tolerations.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule');
    const rejection = unresolvable('node(s) had untolerated taint(s)');
    return {
      filter: judgedOnce(({ taints }) => {
        const untolerated = taints.some(
          (taint) => taint.effect !== 'PreferNoSchedule' && !tolerates(tolerations, taint),
        );
        return untolerated ? rejection : undefined;
      }),
      score: judgedOnce(
        ({ taints }) => taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(soft, taint)).length,
      ),
      normalize: (scores) => stretch(scores, true),
    };
  },
};

export const nodePorts: Plugin = {
  name: 'NodePorts',
  weight: 0,
  prepare(pod) {
    const wanted = hostPortsOf(pod);
    if (wanted.length === 0) return {};
    const rejection = resolvable("node(s) didn't have free ports for the requested pod ports");
    return { filter: (view) => (wanted.some((port) => isTaken(view, port)) ? rejection : undefined) };
  },
};

function isTaken(view: NodeView, { key, address }: HostPort): boolean {
  const used = view.ports.get(key) ?? [];
  return used.some((other) => address === '0.0.0.0' || other === '0.0.0.0' || other === address);
}
