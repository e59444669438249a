/** Cluster roles with an aggregation rule have the rights of all roles that it selects. */
import { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { planAggregation } from './plan.ts';

export function clusterRoleAggregation({ client, informers, clock, logger }: Dependencies): Controller {
  const roles = informers.of(ClusterRole);
  /** Any role may be a part of any aggregate. */
  const aggregates = (): readonly string[] =>
    roles
      .list()
      .filter(({ aggregationRule }) => aggregationRule !== undefined)
      .map(({ metadata }) => metadata.name);
  return new Controller(
    {
      name: 'clusterrole-aggregation-controller',
      sources: [watching(roles, ({ object }) => [object.metadata.name, ...aggregates()])],
      async reconcile(name, { note }) {
        const role = roles.get({ name });
        if (role === undefined) return;
        const rules = planAggregation(role, roles.list());
        note(rules);
        if (rules !== undefined) await client.update(ClusterRole, { ...role, rules });
      },
    },
    { clock, logger },
  );
}
