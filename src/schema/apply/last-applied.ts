/** kubectl's client-side apply keeps its configuration in an annotation; its server-side apply minds that. */
import { isRecord } from '../freeze.ts';
import { difference, union, type FieldSet } from './field-set.ts';
import { compare, toFieldSet, type Json } from './typed.ts';
import type { Converter } from './updater.ts';

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Fields that the annotation accounts for and that are still as it says; undefined without an annotation. */
export function ownedThroughLastApplied(
  live: Json,
  { apiVersion, convert }: { readonly apiVersion: string; readonly convert: Converter },
): FieldSet | undefined {
  const text = annotationsOf(live)[lastAppliedAnnotation];
  const applied = typeof text === 'string' ? parse(text) : undefined;
  if (applied === undefined || applied['apiVersion'] !== apiVersion) return undefined;
  const [typed, current] = [convert(applied, apiVersion), convert(live, apiVersion)];
  if (typed === undefined || current === undefined) return undefined;
  const { modified, added, removed } = compare(typed.schema, typed.value, current.value);
  return difference(toFieldSet(typed.schema, typed.value), union(modified, union(added, removed)));
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function annotationsOf(object: Json): Json {
  const { metadata } = object;
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  return isRecord(annotations) ? annotations : {};
}

/** Keeps the annotation true when kubectl applies from the server's side. */
export function renewLastApplied(object: Json, configuration: Json, manager: string): Json {
  const annotations = annotationsOf(object);
  if (manager !== 'kubectl' || (annotations[lastAppliedAnnotation] ?? '') === '') return object;
  const { metadata } = object;
  const renewed = { ...annotations, [lastAppliedAnnotation]: `${JSON.stringify(withoutAnnotation(configuration))}\n` };
  return { ...object, metadata: { ...(isRecord(metadata) ? metadata : {}), annotations: renewed } };
}

function withoutAnnotation(configuration: Json): Json {
  const { metadata } = configuration;
  const { [lastAppliedAnnotation]: _, ...annotations } = annotationsOf(configuration);
  if (!isRecord(metadata) || metadata['annotations'] === undefined) return configuration;
  return { ...configuration, metadata: { ...metadata, annotations } };
}
