/** Which objects a cluster lets in, put together: the built-in plugins as its settings switch them, and quotas. */
import { kinds } from '../../api/catalogue.ts';
import { Namespace } from '../../api/core/namespace.ts';
import type { ObjectReader, UserInfo } from '../../apiserver/access.ts';
import { certificateRequester } from '../../apiserver/admission/certificate-requester.ts';
import type { AdmissionConfiguration } from '../../apiserver/admission/configuration.ts';
import { isPluginEnabled } from '../../apiserver/admission/names.ts';
import { admissionPlugins } from '../../apiserver/admission/plugins.ts';
import { resourceQuota } from '../../apiserver/admission/resource-quota.ts';
import type { LocalApi } from '../../apiserver/local.ts';
import type { ApiServerDependencies } from '../../apiserver/server-types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Store } from '../../store/store.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { apiServerIdentity, type Access } from './access.ts';

export interface ClusterAdmissionOptions {
  readonly store: Store;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ClusterSettings;
  readonly access: Access;
  readonly configuration: AdmissionConfiguration;
  /** The API that is being made: NamespaceAutoProvision writes through it. */
  readonly local: (user: UserInfo) => LocalApi;
}

export function admissionOf(options: ClusterAdmissionOptions): Pick<ApiServerDependencies, 'admission' | 'ledger'> {
  const { store, clock, settings, access, local, configuration } = options;
  const { enableAdmission: enable = [], disableAdmission: disable = [] } = settings.guards ?? {};
  const plugins = admissionPlugins({
    ...options,
    authorizer: access.authorizer,
    enable,
    disable,
    ...configuration,
    findKind: (apiVersion, kind) => kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind),
    createNamespace: (name) => local(apiServerIdentity).create(Namespace, { metadata: { name } }),
    further: [certificateRequester, access.escalation],
  });
  const counted = isPluginEnabled('ResourceQuota', { enable, disable });
  return { admission: plugins, ...(counted ? { ledger: resourceQuota({ store, clock }) } : {}) };
}
