import { boolean, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ServerAddressByClientCIDR = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
  'Address of the server for clients of a network.',
  {
    clientCIDR: string(1).required().doc('The network.'),
    serverAddress: string(2).required().doc('The address.'),
  },
);
export interface ServerAddressByClientCIDR extends Infer<typeof ServerAddressByClientCIDR> {}

export const APIVersions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions', 'Versions of the core group.', {
  versions: list(1, string()).required().doc('The versions.'),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR)
    .required()
    .doc('Addresses of the server by network of the client.'),
});
export interface APIVersions extends Infer<typeof APIVersions> {}

export const GroupVersionForDiscovery = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
  'A version of a group.',
  {
    groupVersion: string(1).required().doc('Group and version.'),
    version: string(2).required().doc('The version alone.'),
  },
);
export interface GroupVersionForDiscovery extends Infer<typeof GroupVersionForDiscovery> {}

export const APIGroup = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', 'One group that is served.', {
  name: string(1).required().doc('Name of the group.'),
  versions: list(2, GroupVersionForDiscovery).required().doc('Its versions.'),
  preferredVersion: of(3, GroupVersionForDiscovery).always().doc('The version to prefer.'),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR).doc(
    'Addresses of the server by network of the client.',
  ),
});
export interface APIGroup extends Infer<typeof APIGroup> {}

export const APIResource = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIResource', 'One resource that is served.', {
  name: string(1).required().doc('Plural name of the resource.'),
  singularName: string(6).required().doc('Its name for one object.'),
  namespaced: boolean(2).required().doc('Whether its objects live in namespaces.'),
  group: string(8).doc('Group of its objects, when it is another one.'),
  version: string(9).doc('Version of its objects, when it is another one.'),
  kind: string(3).required().doc('Kind of its objects.'),
  verbs: list(4, string()).required().doc('What can be done with it.'),
  shortNames: list(5, string()).doc('Abbreviations.'),
  categories: list(7, string()).doc('Groups of resources that it belongs to, such as `all`.'),
  storageVersionHash: string(10).doc('Tells whether the stored form has changed.'),
});
export interface APIResource extends Infer<typeof APIResource> {}
