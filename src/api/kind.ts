/**
 * What a kind is: the one place where a built-in kind (or a custom one, at run time) is described.
 * Everything else (routes, discovery, OpenAPI, tables, protobuf, conversion) is derived from it.
 */
import type { Fault } from '../schema/fault.ts';
import { of, string, struct, type Fields, type InferFields } from '../schema/field.ts';
import type { StructSchema } from '../schema/schema.ts';
import { ObjectMeta } from './meta/object-meta.ts';

/** Metadata of an object that the API server has returned: these four are always there. */
export interface LiveMeta extends ObjectMeta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

/** What every stored object has in common. Objects are frozen; change a copy. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: LiveMeta;
}

/** An object as a client sends it: metadata may lack what the server fills in. */
export type Draft<T> = Omit<T, 'metadata'> & { readonly metadata: ObjectMeta };

export type Scope = 'Namespaced' | 'Cluster';

/** A cell of a printed table: upstream's columns are strings, integers, numbers, booleans or dates. */
export type Cell = string | number | boolean | null;

export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  /** 0: always shown; 1: with -o wide. */
  readonly priority?: number;
  readonly doc?: string;
  /** `now` in milliseconds since the epoch, for ages. */
  readonly value: (object: T, now: number) => Cell;
}

export interface ScaleSubresource {
  /** Paths such as `spec.replicas`. */
  readonly replicas: string;
  readonly statusReplicas: string;
  /** Path of the label selector: a text (custom resources) or a LabelSelector or map. */
  readonly selector?: string;
}

export interface Subresources {
  readonly status?: boolean;
  readonly scale?: ScaleSubresource;
  /** Further ones by name, such as `log` or `binding`, with their verbs as discovery lists them. */
  readonly others?: Readonly<Record<string, OtherSubresource>>;
}

/** What clients may change of an object's metadata. */
export type MetadataField = 'labels' | 'annotations' | 'finalizers' | 'ownerReferences';

/** For `statusKeeps`: who may write a status may not write anything else. */
export const allMetadata: readonly MetadataField[] = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

/** Adds a `Warning:` header to the answer. */
export type Warn = (text: string) => void;

export interface OtherSubresource {
  /** Discovery's group, version and kind of what is sent, when not the parent's own. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** How a retired version is answered: converted to the version that is stored, and back. */
export interface Conversion {
  /** The kind that is stored. */
  readonly storage: { readonly group: string; readonly version: string; readonly kind: string };
  /** Plain JSON in the old version to plain JSON in the stored one, undefaulted. Pure. */
  readonly toStorage: (object: Record<string, unknown>) => Record<string, unknown>;
  readonly fromStorage: (object: Record<string, unknown>) => Record<string, unknown>;
  /** Text of the deprecation `Warning:` header; undefined for a version that is not deprecated. */
  readonly warning?: string;
}

/** What a kind's author writes. T is the object's type. */
export interface KindSpec<F extends Fields, T> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case resource name, such as `deployments`. */
  readonly plural: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: Scope;
  /** OpenAPI package, such as `io.k8s.api.apps.v1`. */
  readonly package: string;
  readonly doc: string;
  /** Everything beside apiVersion, kind and metadata. Metadata is protobuf field 1. */
  readonly fields: F;
  /** For kinds without ObjectMeta that are only posted (reviews, Binding): created, never stored. */
  readonly virtual?: boolean;
  /** Verbs on the resource itself; all of them when not said. */
  readonly verbs?: readonly Verb[];
  readonly subresources?: Subresources;
  readonly columns?: readonly Column<T>[];
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly selectable?: Readonly<Record<string, (object: T) => string>>;
  /** Which rule metadata.name follows. DNS subdomain when not said. */
  readonly nameRule?: 'subdomain' | 'label' | 'label1035' | 'path';
  /** Whether metadata.generation counts changes of what is not status. Default: the kind has a `spec`. */
  readonly generation?: boolean;
  /** A PUT without resourceVersion replaces whatever is there (upstream's AllowUnconditionalUpdate). Default true. */
  readonly unconditionalUpdate?: boolean;
  /** A PUT to an absent name creates it (upstream: Endpoints, Event, Lease, Node ...). Default false. */
  readonly createOnUpdate?: boolean;
  /** Fields of metadata that an update through /status leaves as they are. Default: none. */
  readonly statusKeeps?: readonly MetadataField[];
  /** Defaults that need the whole object. Changes the draft it is given. */
  readonly defaults?: (draft: Record<string, unknown>) => void;
  /**
   * Changes a draft before it is created or updated, as upstream's strategies do (drop status, keep fields). `warn`
   * is for what can no longer be seen once the draft was changed.
   */
  readonly prepareCreate?: (draft: Record<string, unknown>, warn: Warn) => void;
  readonly prepareUpdate?: (draft: Record<string, unknown>, old: T) => void;
  /** The same for updates through /status, once everything else was put back. `now` as timestamps are written. */
  readonly prepareStatusUpdate?: (draft: Record<string, unknown>, old: T, now: string) => void;
  /**
   * Cross-field rules; field rules come from the schema. Collects all faults. `old` is the stored object on
   * updates: some rules hold at creation only, or put up with what is already stored.
   */
  readonly validate?: (object: T, old?: T) => readonly Fault[];
  readonly validateUpdate?: (object: T, old: T) => readonly Fault[];
  /** The same for updates through /status. */
  readonly validateStatusUpdate?: (object: T, old: T) => readonly Fault[];
  /** Texts for `Warning:` headers on create, update and scale, such as a deprecated field in use. Of valid objects. */
  readonly warnings?: (object: T, old?: T) => readonly string[];
  /** The same for updates through /status. */
  readonly statusWarnings?: (object: T) => readonly string[];
  readonly conversion?: Conversion;
  /** `Warning:` header of every answer, for a kind that is served as it is but has a successor. */
  readonly deprecation?: string;
}

/** A kind as the rest of the system sees it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a registry holds kinds of every type
export interface Kind<T = any> extends Omit<KindSpec<Fields, T>, 'fields'> {
  readonly apiVersion: string;
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly columns: readonly Column<T>[];
  readonly subresources: Subresources;
  readonly generation: boolean;
  /** The whole object: apiVersion, kind, metadata and the kind's fields. */
  readonly schema: StructSchema;
  /** The fields that the schema was made of, so that a kind can be embedded as a struct (`list(4, Kind)`). */
  readonly fields: Fields;
  /** Never present; carries the TypeScript type. */
  readonly type?: T;
}

/** The object type of a kind: `interface Pod extends ObjectOf<typeof Pod> {}`. */
export type ObjectOf<K> = K extends { readonly type?: infer T } ? NonNullable<T> : never;

const common = {
  apiVersion: string().doc('Version of the schema that this object is written in.'),
  kind: string().doc('Which kind of object this is.'),
  metadata: of(1, ObjectMeta).always().doc('Name, labels and the like.'),
};
type Embedded<F extends Fields> = typeof common & F;

type ObjectWith<F extends Fields> = KubernetesObject & InferFields<F>;

/** Describes a kind. The result is frozen and pure data and functions. */
export function defineKind<F extends Fields>(
  spec: KindSpec<F, ObjectWith<F>>,
): Kind<ObjectWith<F>> & { readonly fields: Embedded<F> } {
  const { fields, ...rest } = spec;
  const whole = struct(`${spec.package}.${spec.kind}`, spec.doc, { ...common, ...fields });
  return Object.freeze({
    ...rest,
    apiVersion: apiVersionOf(spec.group, spec.version),
    listKind: `${spec.kind}List`,
    singular: spec.singular ?? spec.kind.toLowerCase(),
    shortNames: spec.shortNames ?? [],
    categories: spec.categories ?? [],
    columns: spec.columns ?? [],
    subresources: spec.subresources ?? {},
    generation: spec.generation ?? 'spec' in fields,
    schema: whole.schema,
    fields: whole.fields,
  });
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
