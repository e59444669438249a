/** Tables, as kubectl prints them: the kind's columns, and in each row the object's metadata (or all of it, or nothing). */
import type { Clock } from '../../base/clock.ts';
import type { Cell, Column, KubernetesObject } from '../../api/kind.ts';
import { convertOut } from '../registry/conversion.ts';
import type { Resource } from '../registry/resources.ts';
import { splice, type Snapshot } from '../registry/snapshot.ts';
import {
  initialEventsEndAnnotation,
  joined,
  listMetaJson,
  type Encoder,
  type ListMeta,
  type Piece,
} from './encoder.ts';
import { frame } from './json.ts';
import { metadataFields } from './metadata.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly version: string;
  readonly include: IncludeObject;
  readonly clock: Clock;
  readonly contentType?: string;
}

/** What a kind without columns of its own shows. */
const plainColumns: readonly Column<KubernetesObject>[] = [
  { name: 'Name', type: 'string', format: 'name', doc: 'Name of the object.', value: ({ metadata }) => metadata.name },
  {
    name: 'Created At',
    type: 'date',
    doc: 'When the object was created.',
    value: ({ metadata }) => metadata.creationTimestamp,
  },
];

function columnsOf(resource: Resource): readonly Column<KubernetesObject>[] {
  const { columns } = resource.kind;
  return columns.length === 0 ? plainColumns : (columns as readonly Column<KubernetesObject>[]);
}

function definitionsOf(columns: readonly Column<KubernetesObject>[]): string {
  return JSON.stringify(
    columns.map(({ name, type, format = '', doc = '', priority = 0 }) => ({
      name,
      type,
      format,
      description: doc,
      priority,
    })),
  );
}

export function tableEncoder(resource: Resource, options: TableOptions): Encoder {
  const { version, include, clock } = options;
  const columns = columnsOf(resource);
  const apiVersion = `meta.k8s.io/${version}`;
  const definitions = definitionsOf(columns);
  const head = (meta: string, withColumns: boolean): string =>
    `{"kind":"Table","apiVersion":"${apiVersion}","metadata":${meta},"columnDefinitions":${withColumns ? definitions : 'null'},"rows":[`;
  const row = (snapshot: Snapshot): readonly Piece[] => {
    const converted = convertOut(resource, snapshot);
    const cells = JSON.stringify(cellsOf(columns, converted.value as KubernetesObject, clock.now()));
    if (include === 'None') return [`{"cells":${cells},"object":null}`];
    if (include === 'Object') return [`{"cells":${cells},"object":`, splice(resource.kind, converted), '}'];
    const [revision, fields] = metadataFields(resource, snapshot);
    return [
      `{"cells":${cells},"object":{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":{${revision}`,
      fields,
      '}}}',
    ];
  };
  const table = (snapshot: Snapshot, withColumns: boolean): readonly Piece[] => {
    const meta = listMetaJson({ resourceVersion: snapshot.revision === 0 ? '' : String(snapshot.revision) });
    return [head(meta, withColumns), ...row(snapshot), ']}'];
  };
  return {
    id: `table ${version} ${include} ${resource.kind.apiVersion} ${resource.kind.kind}`,
    contentType: options.contentType ?? 'application/json',
    one: (snapshot) => joined([...table(snapshot, true), '\n']),
    *list(snapshots: readonly Snapshot[], meta: ListMeta) {
      yield head(listMetaJson(meta), true);
      let first = true;
      for (const snapshot of snapshots) {
        if (!first) yield ',';
        first = false;
        yield* row(snapshot);
      }
      yield ']}\n';
    },
    event: (type, snapshot, first) => joined([`{"type":"${type}","object":`, ...table(snapshot, first), '}\n']),
    bookmark(revision, initialEventsEnd) {
      // Upstream's bookmark is a table whose only row carries the bookmark object.
      const annotations = initialEventsEnd ? { annotations: { [initialEventsEndAnnotation]: 'true' } } : {};
      const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
      const object = { kind: resource.kind.kind, apiVersion: resource.kind.apiVersion, metadata };
      const rows = [{ cells: columns.map(() => null), object }];
      const meta = { resourceVersion: String(revision) };
      return frame('BOOKMARK', { kind: 'Table', apiVersion, metadata: meta, columnDefinitions: null, rows });
    },
    error: (status) => frame('ERROR', status),
  };
}

/** A column that can't be computed for a half-empty object shows nothing rather than failing the list. */
function cellsOf(columns: readonly Column<KubernetesObject>[], object: KubernetesObject, now: number): readonly Cell[] {
  return columns.map(({ value }) => {
    try {
      return value(object, now) ?? null;
    } catch {
      return '<unknown>';
    }
  });
}
