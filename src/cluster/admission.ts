/** Which objects a cluster lets in, put together: the built-in plugins as its settings switch them, and quotas. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { kinds } from '../api/catalogue.ts';
import { Namespace } from '../api/core/namespace.ts';
import type { ObjectReader, UserInfo } from '../apiserver/access.ts';
import {
  AdmissionConfigurationError,
  readAdmissionConfiguration,
  type AdmissionConfiguration,
} from '../apiserver/admission/configuration.ts';
import { certificateRequester } from '../apiserver/admission/certificate-requester.ts';
import { isPluginEnabled } from '../apiserver/admission/names.ts';
import { admissionPlugins } from '../apiserver/admission/plugins.ts';
import { resourceQuota } from '../apiserver/admission/resource-quota.ts';
import type { LocalApi } from '../apiserver/local.ts';
import type { ApiServerDependencies } from '../apiserver/server-types.ts';
import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { UserError } from '../cli/user-error.ts';
import type { Store } from '../store/store.ts';
import { apiServerIdentity, type Access } from './access.ts';
import type { ClusterSettings } from './settings.ts';

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

/** What the file that the settings name says of plugins. Throws a UserError. */
export async function readAdmission({ guards = {} }: ClusterSettings): Promise<AdmissionConfiguration> {
  const { admissionConfig: file } = guards;
  if (file === undefined) return {};
  try {
    const readFile = (path: string): string => readFileSync(resolve(dirname(file), path), 'utf8');
    return await readAdmissionConfiguration(readFileSync(file, 'utf8'), readFile);
  } catch (error) {
    if (!(error instanceof AdmissionConfigurationError) && codeOf(error) === undefined) throw error;
    throw new UserError(
      `the admission configuration ${file} can't be used: ${messageOf(error)}`,
      "mend it, or go on without: coracle up --admission-control-config-file ''",
    );
  }
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
