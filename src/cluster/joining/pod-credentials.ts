/**
 * Who the built-in containers of a node that has joined are: the service accounts of their pods, by tokens that the
 * node asks for, as it does for all its pods. So the machine holds no key of the cluster's, and what it may do ends
 * with the pods that are bound to it.
 */
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { anonymous, type Credentials } from '../../client/credentials.ts';
import { label } from '../../node/pod/names.ts';
import { Tokens } from '../../node/volumes/tokens.ts';

export interface PodCredentialsOptions {
  /** The node's. */
  readonly client: Client;
  readonly clock: Clock;
  readonly serviceAccountName: string;
  /** The container's. */
  readonly labels: Readonly<Record<string, string>>;
}

export function podCredentials({ client, clock, serviceAccountName, labels }: PodCredentialsOptions): Credentials {
  const tokens = new Tokens({ client, clock });
  const { [label.podName]: name = '', [label.podNamespace]: namespace = '', [label.podUid]: uid = '' } = labels;
  const pod: Pod = { metadata: { name, namespace, uid }, spec: { serviceAccountName, containers: [] } } as never;
  return {
    ...anonymous,
    token: () => tokens.get({ pod }, { path: '' }),
    refused() {
      tokens.forget(uid);
      return true;
    },
  };
}
