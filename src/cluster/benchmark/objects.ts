/** The objects that the checks look through, as the administrator sees them. */
import { MutatingWebhookConfiguration } from '../../api/admissionregistration/mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicy } from '../../api/admissionregistration/validating-admission-policy.ts';
import { ValidatingWebhookConfiguration } from '../../api/admissionregistration/validating-webhook-configuration.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { Pod } from '../../api/core/pod.ts';
import { Secret } from '../../api/core/secret.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { Service } from '../../api/core/service.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { NetworkPolicy } from '../../api/networking/network-policy.ts';
import { ClusterRoleBinding } from '../../api/rbac/cluster-role-binding.ts';
import { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { RoleBinding } from '../../api/rbac/role-binding.ts';
import { Role } from '../../api/rbac/role.ts';
import type { ObjectFacts } from '../../benchmark/facts.ts';
import type { Client } from '../../client/client.ts';

export async function objectFacts(client: Client): Promise<ObjectFacts> {
  const all = async <T extends KubernetesObject>(kind: Kind<T>): Promise<readonly T[]> =>
    (await client.list(kind)).items;
  const services = await all(Service);
  const guards: readonly Guard[] = [
    ...(await all(ValidatingWebhookConfiguration)).flatMap(ofWebhooks),
    ...(await all(MutatingWebhookConfiguration)).flatMap(ofWebhooks),
    ...(await all(ValidatingAdmissionPolicy)).map(({ metadata, spec }) => ({
      name: `ValidatingAdmissionPolicy ${metadata.name}`,
      rules: spec?.matchConstraints?.resourceRules ?? [],
    })),
  ];
  return {
    namespaces: await all(Namespace),
    pods: await all(Pod),
    secrets: await all(Secret),
    configMaps: await all(ConfigMap),
    serviceAccounts: await all(ServiceAccount),
    roles: await all(Role),
    clusterRoles: await all(ClusterRole),
    roleBindings: await all(RoleBinding),
    clusterRoleBindings: await all(ClusterRoleBinding),
    networkPolicies: await all(NetworkPolicy),
    podGuards: guards.filter(({ rules }) => rules.some(isAboutPods)).map(({ name }) => name),
    services: services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  };
}

interface GuardRule {
  readonly resources?: readonly string[] | undefined;
  readonly operations?: readonly string[] | undefined;
}

interface Guard {
  readonly name: string;
  readonly rules: readonly GuardRule[];
}

function ofWebhooks(
  configuration: KubernetesObject & {
    readonly webhooks?: readonly { readonly name: string; readonly rules?: readonly GuardRule[] | undefined }[];
  },
): readonly Guard[] {
  return (configuration.webhooks ?? []).map(({ name, rules = [] }) => ({ name: `webhook ${name}`, rules }));
}

function isAboutPods({ resources = [], operations = [] }: GuardRule): boolean {
  const created = operations.some((each) => each === '*' || each === 'CREATE');
  return created && resources.some((each) => each === '*' || each === '*/*' || each === 'pods');
}
