/**
 * OpenAPI documents: version 3 per group and version, with an index of content hashes, and version 2 as a
 * whole (JSON or protobuf). They are large and asked for rarely: made when asked for, of which a few are kept.
 */
import { createHash } from 'node:crypto';
import { apiVersionOf } from '../../api/kind.ts';
import { DeleteOptions } from '../../api/meta/options.ts';
import { ListMeta, Status } from '../../api/meta/status.ts';
import { Scale } from '../../api/autoscaling/scale.ts';
import { Eviction } from '../../api/policy/eviction.ts';
import { TokenRequest } from '../../api/authentication/token-request.ts';
import { Binding } from '../../api/core/binding.ts';
import {
  collectComponents,
  commonComponents,
  listComponent,
  type ComponentRoot,
  type OpenApiSchema,
  type OpenApiVersion,
} from '../../schema/openapi.ts';
import { encodeOpenApiV2 } from '../../schema/openapi-protobuf.ts';
import { subresourcesOf } from '../discovery/subresources.ts';
import { verbsOf } from '../handlers/dispatch.ts';
import { turn } from '../http/pump.ts';
import type { Resource, Resources } from '../registry/resources.ts';
import { pathsOf } from './operations.ts';

export interface OpenApiDocument {
  readonly body: Buffer;
  readonly etag: string;
}

/** Documents kept in memory. */
const mostKept = 3;

export class OpenApi {
  readonly #resources: Resources;
  readonly #version: string;
  #generation = -1;
  #index: Promise<OpenApiDocument> | undefined;
  readonly #kept = new Map<string, OpenApiDocument>();

  constructor(resources: Resources, version: string) {
    this.#resources = resources;
    this.#version = version;
  }

  /** `/openapi/v3`: every document's path, with a hash that changes when the document does. */
  index(): Promise<OpenApiDocument> {
    this.#refresh();
    this.#index ??= this.#makeIndex();
    return this.#index;
  }

  /** `api/v1`, `apis/apps/v1`; undefined where nothing is served. */
  version3(place: string): OpenApiDocument | undefined {
    this.#refresh();
    const resources = this.#places().get(place);
    if (resources === undefined) return undefined;
    return this.#keep(`3 ${place}`, () => Buffer.from(JSON.stringify(this.#document3(resources))));
  }

  version2(form: 'json' | 'protobuf'): OpenApiDocument {
    this.#refresh();
    return this.#keep(`2 ${form}`, () => {
      const document = this.#document2();
      return form === 'json' ? Buffer.from(JSON.stringify(document)) : encodeOpenApiV2(document);
    });
  }

  async #makeIndex(): Promise<OpenApiDocument> {
    const paths: Record<string, unknown> = {};
    for (const [place, resources] of this.#places()) {
      const body = Buffer.from(JSON.stringify(this.#document3(resources)));
      paths[place] = { serverRelativeURL: `/openapi/v3/${place}?hash=${hashOf(body)}` };
      // A document takes some milliseconds; others may want their turn.
      await turn();
    }
    const body = Buffer.from(JSON.stringify({ paths }));
    return { body, etag: `"${hashOf(body)}"` };
  }

  #places(): ReadonlyMap<string, readonly Resource[]> {
    return Map.groupBy(this.#resources.all(), ({ kind }) => {
      const root = kind.group === '' ? 'api' : 'apis';
      return `${root}/${apiVersionOf(kind.group, kind.version)}`;
    });
  }

  #document3(resources: readonly Resource[]): object {
    return {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: this.#version },
      paths: Object.fromEntries(resources.flatMap((resource) => pathsOf(3, resource))),
      components: {
        schemas: componentsOf(3, resources),
        securitySchemes: {
          BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer token.' },
        },
      },
    };
  }

  #document2(): Record<string, unknown> {
    const resources = [...this.#resources.all()];
    return {
      swagger: '2.0',
      info: { title: 'Kubernetes', version: this.#version },
      paths: Object.fromEntries(resources.flatMap((resource) => pathsOf(2, resource))),
      definitions: componentsOf(2, resources),
    };
  }

  #keep(key: string, make: () => Buffer): OpenApiDocument {
    let document = this.#kept.get(key);
    if (document === undefined) {
      const body = make();
      document = { body, etag: `"${hashOf(body)}"` };
    }
    // Insertion order is age: the oldest goes first.
    this.#kept.delete(key);
    this.#kept.set(key, document);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return document;
  }

  #refresh(): void {
    if (this.#generation === this.#resources.generation) return;
    this.#generation = this.#resources.generation;
    this.#index = undefined;
    this.#kept.clear();
  }
}

function hashOf(body: Buffer): string {
  return createHash('sha512').update(body).digest('hex').toUpperCase().slice(0, 64);
}

const foreignBodies = [Scale, Eviction, TokenRequest, Binding];

function componentsOf(
  version: OpenApiVersion,
  resources: readonly Resource[],
): Readonly<Record<string, OpenApiSchema>> {
  const roots: ComponentRoot[] = [
    { schema: DeleteOptions.schema, kinds: [{ group: '', version: 'v1', kind: 'DeleteOptions' }] },
    { schema: Status.schema, kinds: [{ group: '', version: 'v1', kind: 'Status' }] },
    { schema: ListMeta.schema },
  ];
  const lists: [string, OpenApiSchema][] = [];
  const foreign = new Set<string>();
  for (const { kind } of resources) {
    const { group, version: apiVersion } = kind;
    roots.push({ schema: kind.schema, kinds: [{ group, version: apiVersion, kind: kind.kind }] });
    for (const { type } of subresourcesOf(kind)) foreign.add(type.kind);
    if (!verbsOf(kind).includes('list')) continue;
    const name = `${kind.schema.name}List`;
    lists.push([name, listComponent(version, kind.schema.name, { group, version: apiVersion, kind: kind.listKind })]);
  }
  for (const kind of foreignBodies) {
    if (!foreign.has(kind.kind)) continue;
    roots.push({ schema: kind.schema, kinds: [{ group: kind.group, version: kind.version, kind: kind.kind }] });
  }
  return { ...collectComponents(version, roots), ...commonComponents(version), ...Object.fromEntries(lists) };
}
