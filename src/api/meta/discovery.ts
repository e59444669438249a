import { boolean, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ServerAddressByClientCIDR = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR', '', {
  clientCIDR: string(1).required(),
  serverAddress: string(2).required(),
});
export interface ServerAddressByClientCIDR extends Infer<typeof ServerAddressByClientCIDR> {}

export const APIVersions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions', '', {
  versions: list(1, string()).required(),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR).required(),
});
export interface APIVersions extends Infer<typeof APIVersions> {}

export const GroupVersionForDiscovery = struct('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery', '', {
  groupVersion: string(1).required(),
  version: string(2).required(),
});
export interface GroupVersionForDiscovery extends Infer<typeof GroupVersionForDiscovery> {}

export const APIGroup = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', '', {
  name: string(1).required(),
  versions: list(2, GroupVersionForDiscovery).required(),
  preferredVersion: of(3, GroupVersionForDiscovery).always(),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR),
});
export interface APIGroup extends Infer<typeof APIGroup> {}

export const APIResource = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIResource', '', {
  name: string(1).required(),
  singularName: string(6).required(),
  namespaced: boolean(2).required(),
  group: string(8),
  version: string(9),
  kind: string(3).required(),
  verbs: list(4, string()).required(),
  shortNames: list(5, string()),
  categories: list(7, string()),
  storageVersionHash: string(10),
});
export interface APIResource extends Infer<typeof APIResource> {}
