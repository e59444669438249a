/**
 * What is served, as clients ask for it: aggregated (one document per prefix, v2 and v2beta1) and in the
 * old form (a document per group and per version). Made once per change of the route table.
 */
import { createHash } from 'node:crypto';
import { apiVersionOf, type Kind } from '../../api/kind.ts';
import { verbsOf } from '../handlers/dispatch.ts';
import type { Resource, Resources } from '../registry/resources.ts';
import { subresourcesOf } from './subresources.ts';

interface Version {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly Resource[];
}

export interface Document {
  readonly body: Buffer;
  /** Strong, from the content. */
  readonly etag: string;
}

export class Discovery {
  readonly #resources: Resources;
  readonly #serverAddress: () => string;
  #generation = -1;
  #groups = new Map<string, Version[]>();
  readonly #documents = new Map<string, Document | undefined>();

  constructor(resources: Resources, serverAddress: () => string) {
    this.#resources = resources;
    this.#serverAddress = serverAddress;
  }

  /** `core`: of /api, otherwise of /apis. */
  aggregated(core: boolean, version: 'v2' | 'v2beta1'): Document {
    return this.#document(`${core ? 'api' : 'apis'} ${version}`, () => {
      const items = [...this.#groups].filter(([group]) => (group === '') === core);
      return {
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: items.map(([group, versions]) => groupDiscovery(group, versions)),
      };
    }) as Document;
  }

  /** The old form: /api, /apis, /apis/GROUP, /api/v1, /apis/GROUP/VERSION. Undefined where nothing is. */
  legacy(path: string): Document | undefined {
    return this.#document(path, () => this.#legacy(path));
  }

  /** Groups in order, with their versions in order. */
  get groups(): ReadonlyMap<string, readonly Version[]> {
    this.#refresh();
    return this.#groups;
  }

  #legacy(path: string): object | undefined {
    const [prefix = '', first = '', second = '', ...more] = path.split('/').filter((part) => part !== '');
    if (more.length > 0) return undefined;
    if (prefix === 'api') {
      if (first === '') return this.#coreVersions();
      return second === '' ? this.#resourceList('', first) : undefined;
    }
    if (first === '') return this.#groupList();
    const versions = first === '' ? undefined : this.#groups.get(first);
    if (versions === undefined) return undefined;
    return second === ''
      ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(first, versions) }
      : this.#resourceList(first, second);
  }

  #coreVersions(): object {
    const addresses = [{ clientCIDR: '0.0.0.0/0', serverAddress: this.#serverAddress() }];
    const versions = (this.#groups.get('') ?? []).map(({ version }) => version);
    return { kind: 'APIVersions', versions, serverAddressByClientCIDRs: addresses };
  }

  #groupList(): object {
    const groups = [...this.#groups].filter(([group]) => group !== '');
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groups.map(([group, versions]) => apiGroup(group, versions)),
    };
  }

  #resourceList(group: string, version: string): object | undefined {
    const found = this.#groups.get(group)?.find((each) => each.version === version);
    if (found === undefined) return undefined;
    const resources = found.resources.flatMap(apiResources);
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(group, version), resources };
  }

  #refresh(): void {
    if (this.#generation === this.#resources.generation) return;
    this.#generation = this.#resources.generation;
    this.#documents.clear();
    this.#groups = groupsOf(this.#resources);
  }

  #document(key: string, make: () => object | undefined): Document | undefined {
    this.#refresh();
    if (!this.#documents.has(key)) {
      const value = make();
      // Unknown paths are not remembered: clients choose them.
      if (value === undefined) return undefined;
      const body = Buffer.from(`${JSON.stringify(value)}\n`);
      const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
      this.#documents.set(key, { body, etag });
    }
    return this.#documents.get(key);
  }
}

function groupsOf(resources: Resources): Map<string, Version[]> {
  const groups = new Map<string, Version[]>();
  for (const resource of resources.all()) {
    const { group, version } = resource.kind;
    let versions = groups.get(group);
    if (versions === undefined) groups.set(group, (versions = []));
    const present = versions.findIndex((each) => each.version === version);
    const before = versions[present];
    if (before === undefined) versions.push({ group, version, resources: [resource] });
    else versions[present] = { ...before, resources: [...before.resources, resource] };
  }
  return groups;
}

function apiGroup(name: string, versions: readonly Version[]): object {
  const all = versions.map(({ group, version }) => ({ groupVersion: apiVersionOf(group, version), version }));
  return { name, versions: all, preferredVersion: all[0] };
}

function apiResources(resource: Resource): readonly object[] {
  const { kind } = resource;
  const own = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: resource.namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind),
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    ...(kind.virtual === true ? {} : { storageVersionHash: storageHash(resource.storage) }),
  };
  const subresources = subresourcesOf(kind).map(({ name, type, verbs }) => ({
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(type.group === kind.group && type.version === kind.version ? {} : { group: type.group, version: type.version }),
    kind: type.kind,
    verbs,
  }));
  return [own, ...subresources];
}

function storageHash({ group, version, kind }: Kind): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function groupDiscovery(name: string, versions: readonly Version[]): object {
  return {
    metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
    versions: versions.map(({ version, resources }) => ({
      version,
      resources: resources.map(resourceDiscovery),
      freshness: 'Current',
    })),
  };
}

function resourceDiscovery(resource: Resource): object {
  const { kind } = resource;
  const subresources = subresourcesOf(kind).map(({ name, type, verbs }) => ({
    subresource: name,
    responseKind: type,
    verbs,
  }));
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
