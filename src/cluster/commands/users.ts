/** A kubeconfig for a colleague: a client certificate, and a role if one is wanted. */
import { Namespace } from '../../api/core/namespace.ts';
import { ClusterRoleBinding } from '../../api/rbac/cluster-role-binding.ts';
import { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { RoleBinding } from '../../api/rbac/role-binding.ts';
import { rbacGroup } from '../../api/rbac/role.ts';
import type { ClusterManager, NewUser, UserRequest } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { expiryOf, issueCertificate } from '../../pki/certificate.ts';
import { readKeyPair } from '../credentials/credentials.ts';
import { contextName } from '../layout.ts';
import { nodeAddress } from '../settings/nodes.ts';
import { requireServer } from '../settings/settings.ts';
import { asAdministrator, type Asking } from './administrator.ts';

const day = 24 * 3_600_000;

export function userCommands(environment: Asking): Pick<ClusterManager, 'addUser'> {
  return { addUser: (request) => addUser(environment, request) };
}

async function addUser(environment: Asking, request: UserRequest): Promise<NewUser> {
  const { layout, clock, random } = environment;
  const { name, groups, days, namespace } = request;
  const settings = requireServer(layout);
  refuseSystemNames([name, ...groups]);
  const bound = request.role === undefined ? undefined : await bind(environment, request, request.role);
  const authority = readKeyPair(layout.pki, 'ca');
  const now = clock.now();
  const until = Math.min(now + days * day, expiryOf(authority.certificate));
  const subject = { commonName: name, organizations: groups, usages: ['client'] as const };
  const pair = await issueCertificate(authority, subject, { from: now - 60_000, until }, random);
  const context = contextName(layout.name);
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [
      {
        name: context,
        cluster: {
          server: `https://${nodeAddress(settings)}:${settings.port}`,
          'certificate-authority-data': encode(authority.certificate),
        },
      },
    ],
    users: [
      { name, user: { 'client-certificate-data': encode(pair.certificate), 'client-key-data': encode(pair.key) } },
    ],
    contexts: [
      { name: context, context: { cluster: context, user: name, ...(namespace === undefined ? {} : { namespace }) } },
    ],
  };
  return { kubeconfig, expires: until, ...(bound === undefined ? {} : { bound }) };
}

/** Such names stand for components: a certificate of that name would have their rights. */
function refuseSystemNames(names: readonly string[]): void {
  const reserved = names.find((name) => name.startsWith('system:'));
  if (reserved !== undefined) {
    throw new UserError(`${reserved} is a name of the system's own`, 'choose one that does not begin with system:', 2);
  }
}

function bind(environment: Asking, { name, namespace }: UserRequest, role: string): Promise<string> {
  return asAdministrator(environment, (client) => createBinding(client, name, role, namespace));
}

async function createBinding(
  client: Client,
  user: string,
  role: string,
  namespace: string | undefined,
): Promise<string> {
  await required(
    client.get(ClusterRole, { name: role }),
    `there is no cluster role ${role}`,
    'kubectl get clusterroles',
  );
  const content = {
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: rbacGroup, name: user }],
  };
  const name = `${user}-${role}`.replaceAll(/[/%]/g, '-');
  if (namespace === undefined) {
    await client.create(ClusterRoleBinding, { metadata: { name }, ...content }).catch(unlessPresent);
    return `${role} in the whole cluster`;
  }
  await required(
    client.get(Namespace, { name: namespace }),
    `there is no namespace ${namespace}`,
    `kubectl create namespace ${namespace}`,
  );
  await client.create(RoleBinding, { metadata: { name, namespace }, ...content }).catch(unlessPresent);
  return `${role} in namespace ${namespace}`;
}

async function required(present: Promise<unknown>, sentence: string, hint: string): Promise<void> {
  try {
    await present;
  } catch (error) {
    throw isNotFound(error) ? new UserError(sentence, hint) : error;
  }
}

function unlessPresent(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}
