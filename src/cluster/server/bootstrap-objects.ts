/** What every cluster has from its first moment: its namespaces, and the Service by which pods reach the API. */
import { ConfigMap } from '../../api/core/config-map.ts';
import { Endpoints } from '../../api/core/endpoints.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import type { Draft } from '../../api/kind.ts';
import { PriorityClass, systemPriorities } from '../../api/scheduling/priority-class.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { deepEqual } from '../../schema/freeze.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const systemClassDoc = 'For pods that the cluster or a node needs in order to work.';
const serviceName = 'kubernetes';
const port = { name: 'https', protocol: 'TCP' } as const;
const labels = { component: 'apiserver', provider: 'kubernetes' };

export interface ApiAddress {
  /** What machines that join read, before they know anybody and as nodes; other keys than theirs are kept. */
  readonly published: readonly Draft<ConfigMap>[];
  /** First address of the Service range. */
  readonly clusterIp: string;
  /** Where the API server itself listens. */
  readonly address: string;
  readonly port: number;
}

/** Creates what is missing and corrects what has changed; safe to repeat. */
export async function ensureBootstrapObjects(client: Client, api: ApiAddress): Promise<void> {
  for (const name of namespaces) {
    await unlessPresent(
      () => client.get(Namespace, { name }),
      () => client.create(Namespace, { metadata: { name } }),
    );
  }
  for (const [name, value] of Object.entries(systemPriorities)) {
    await unlessPresent(
      () => client.get(PriorityClass, { name }),
      () => client.create(PriorityClass, { metadata: { name }, value, description: systemClassDoc }),
    );
  }
  const metadata = { name: serviceName, namespace: 'default', labels };
  await unlessPresent(
    () => client.get(Service, metadata),
    () =>
      client.create(Service, {
        metadata,
        spec: {
          type: 'ClusterIP',
          clusterIP: api.clusterIp,
          sessionAffinity: 'None',
          ports: [{ ...port, port: 443, targetPort: api.port }],
        },
      }),
  );
  await ensureEndpoints(client, api);
  for (const configMap of api.published) {
    await ensure(
      () => client.get(ConfigMap, { name: '', ...configMap.metadata }),
      () => client.create(ConfigMap, configMap),
      (present) => {
        const data = { ...present.data, ...configMap.data };
        return deepEqual(data, present.data) ? undefined : client.update(ConfigMap, { ...present, data });
      },
    );
  }
}

async function ensureEndpoints(client: Client, api: ApiAddress): Promise<void> {
  const metadata = { name: serviceName, namespace: 'default' };
  const slice = {
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [api.address], conditions: { ready: true } }],
    ports: [{ ...port, port: api.port }],
  };
  await ensure(
    () => client.get(EndpointSlice, metadata),
    () => client.create(EndpointSlice, slice),
    (present) =>
      deepEqual([present.endpoints[0]?.addresses, present.ports?.[0]?.port], [[api.address], api.port])
        ? undefined
        : client.update(EndpointSlice, { ...present, endpoints: slice.endpoints, ports: slice.ports }),
  );
  const subsets = [{ addresses: [{ ip: api.address }], ports: [{ ...port, port: api.port }] }];
  await ensure(
    () => client.get(Endpoints, metadata),
    () =>
      client.create(Endpoints, {
        // The slice above is the Service's own; mirroring would make a second one.
        metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets,
      }),
    (present) => (deepEqual(present.subsets, subsets) ? undefined : client.update(Endpoints, { ...present, subsets })),
  );
}

async function unlessPresent(get: () => Promise<unknown>, create: () => Promise<unknown>): Promise<void> {
  await ensure(get, create, () => undefined);
}

async function ensure<T>(
  get: () => Promise<T>,
  create: () => Promise<unknown>,
  correct: (present: T) => Promise<unknown> | undefined,
): Promise<void> {
  let present: T;
  try {
    present = await get();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    try {
      await create();
    } catch (failure) {
      if (!isAlreadyExists(failure)) throw failure;
    }
    return;
  }
  await correct(present);
}
