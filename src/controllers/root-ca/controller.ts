/** Every namespace has a ConfigMap `kube-root-ca.crt`, by which pods verify the API server. */
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { isAlreadyExists, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';

const configMapName = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description = 'The certificate authority of this cluster: whoever talks to its API server from inside trusts it.';

export function rootCaController({ client, informers, clock, logger }: Dependencies, authority: string): Controller {
  const namespaces = informers.of(Namespace);
  const configMaps = informers.of(ConfigMap);
  return new Controller(
    {
      name: 'root-ca-certificate-publisher',
      sources: [
        watching(namespaces),
        watching(configMaps, ({ object }) =>
          object.metadata.name === configMapName ? [object.metadata.namespace ?? ''] : [],
        ),
      ],
      async reconcile(name) {
        const namespace = namespaces.get({ name });
        if (namespace === undefined || namespace.status?.phase === 'Terminating') return;
        const present = configMaps.get({ namespace: name, name: configMapName });
        if (present !== undefined && isWhole(present, authority)) return;
        const data = { 'ca.crt': authority };
        const annotations = { ...present?.metadata.annotations, [descriptionAnnotation]: description };
        try {
          if (present === undefined)
            await client.create(ConfigMap, { metadata: { name: configMapName, namespace: name, annotations }, data });
          else await client.update(ConfigMap, { ...present, metadata: { ...present.metadata, annotations }, data });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNotFound(error) && !isTerminating(error)) throw error;
        }
      },
    },
    { clock, logger },
  );
}

/** Nothing is in it but what belongs there, and it says what it is. */
function isWhole({ metadata, data }: ConfigMap, authority: string): boolean {
  const told = metadata.annotations?.[descriptionAnnotation] ?? '';
  return told !== '' && deepEqual(data, { 'ca.crt': authority });
}
