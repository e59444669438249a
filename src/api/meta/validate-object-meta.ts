/** Rules of metadata that hold for every kind, built-in or custom: on create, and between two versions. */
import { forbidden, invalid, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkName, checkNamePrefix, checkQualifiedName, type NameRule } from '../../schema/names.ts';
import { dnsLabelFaults, immutableFaults, negativeText } from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './object-meta.ts';

/** All annotations together, keys and values, may hold this many bytes. */
const maxAnnotationBytes = 256 * 1024;

const maxFieldManagerLength = 128;

export interface MetaRules {
  readonly namespaced: boolean;
  readonly nameRule?: NameRule | undefined;
}

/** For a create, after the server has filled in a generated name. */
export function validateObjectMeta(meta: Loose<ObjectMeta>, rules: MetaRules, path = 'metadata'): Fault[] {
  return [
    ...nameFaults(meta, rules, path),
    ...namespaceFaults(meta.namespace ?? '', rules.namespaced, `${path}.namespace`),
    ...nonNegative(meta.generation, `${path}.generation`),
    ...labelFaults(meta.labels, `${path}.labels`),
    ...annotationFaults(meta.annotations, `${path}.annotations`),
    ...ownerReferenceFaults(meta.ownerReferences, `${path}.ownerReferences`),
    ...finalizerFaults(meta.finalizers, `${path}.finalizers`),
    ...managedFieldsFaults(meta.managedFields, `${path}.managedFields`),
  ];
}

function nameFaults(
  { name = '', generateName = '' }: Loose<ObjectMeta>,
  { nameRule }: MetaRules,
  path: string,
): Fault[] {
  const prefix = generateName === '' ? [] : checkNamePrefix(generateName, nameRule);
  return [
    ...prefix.map((text) => invalid(`${path}.generateName`, generateName, text)),
    ...(name === '' ? [required(`${path}.name`, 'name or generateName is required')] : []),
    ...(name === '' ? [] : checkName(name, nameRule).map((text) => invalid(`${path}.name`, name, text))),
  ];
}

function namespaceFaults(namespace: string, namespaced: boolean, path: string): Fault[] {
  if (!namespaced) return namespace === '' ? [] : [forbidden(path, 'not allowed on this type')];
  return namespace === '' ? [required(path)] : dnsLabelFaults(path, namespace);
}

function nonNegative(value: number | undefined, path: string): Fault[] {
  return value !== undefined && value < 0 ? [invalid(path, value, negativeText)] : [];
}

/** Keys are checked in lower case, as upstream does; values may be any text. */
export function annotationFaults(
  annotations: Loose<Readonly<Record<string, string>>> | undefined,
  path: string,
): Fault[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value ?? ''), 0);
  return [
    ...entries.flatMap(([key]) => checkQualifiedName(key.toLowerCase()).map((text) => invalid(path, key, text))),
    ...(bytes > maxAnnotationBytes ? [tooLong(path, maxAnnotationBytes)] : []),
  ];
}

function ownerReferenceFaults(references: readonly Loose<OwnerReference>[] | undefined, path: string): Fault[] {
  let controller: Loose<OwnerReference> | undefined;
  return (references ?? []).flatMap((reference) => {
    const faults = ownerFaults(reference, path);
    if (reference.controller !== true) return faults;
    if (controller === undefined) {
      controller = reference;
      return faults;
    }
    const text =
      'Only one reference can have Controller set to true. Found "true" in references for ' +
      `${controller.kind}/${controller.name} and ${reference.kind}/${reference.name}`;
    return [...faults, invalid(path, references, text)];
  });
}

function ownerFaults(reference: Loose<OwnerReference>, path: string): Fault[] {
  const { apiVersion = '', kind = '' } = reference;
  const version = apiVersion.slice(apiVersion.lastIndexOf('/') + 1);
  const isEvent = kind === 'Event' && (apiVersion === 'v1' || apiVersion.startsWith('events.k8s.io/'));
  return [
    ...(version === '' ? [invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty')] : []),
    ...(['kind', 'name', 'uid'] as const)
      .filter((field) => (reference[field] ?? '') === '')
      .map((field) => invalid(`${path}.${field}`, '', 'must not be empty')),
    ...(isEvent ? [invalid(path, reference, `${apiVersion}, Kind=${kind} is disallowed from being an owner`)] : []),
  ];
}

/** Finalizers without a domain that Kubernetes itself uses. */
const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function finalizerFaults(finalizers: readonly (string | undefined)[] | undefined, path: string): Fault[] {
  const given = finalizers ?? [];
  const conflict = given.includes('orphan') && given.includes('foregroundDeletion');
  return [
    ...given.flatMap((each = '') => checkQualifiedName(each).map((text) => invalid(path, each, text))),
    ...(conflict ? [invalid(path, given, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
    ...given.flatMap((each = '', index) => finalizerNameFaults(each, `${path}[${index}]`)),
  ];
}

/** A finalizer is either one of Kubernetes' own or has a domain. */
export function finalizerNameFaults(name: string, path: string): Fault[] {
  if (name.includes('/') || standardFinalizers.has(name)) return [];
  return [invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

function managedFieldsFaults(entries: readonly Loose<ManagedFieldsEntry>[] | undefined, path: string): Fault[] {
  return (entries ?? []).flatMap(({ operation = '', fieldsType, manager = '', subresource = '' }, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(operation === 'Apply' || operation === 'Update'
        ? []
        : [invalid(`${at}.operation`, operation, 'must be `Apply` or `Update`')]),
      ...(fieldsType === undefined || fieldsType === '' || fieldsType === 'FieldsV1'
        ? []
        : [invalid(`${at}.fieldsType`, fieldsType, 'must be `FieldsV1`')]),
      ...fieldManagerFaults(manager, `${at}.manager`),
      ...(subresource.length > 256 ? [tooLong(`${at}.subresource`, 256)] : []),
    ];
  });
}

/** Also for the `fieldManager` query parameter. */
export function fieldManagerFaults(manager: string, path: string): Fault[] {
  const long = manager.length > maxFieldManagerLength ? [tooLong(path, maxFieldManagerLength)] : [];
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(manager);
  if (odd === null) return long;
  const code = (odd[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return [...long, invalid(path, manager, `invalid character U+${code} (at position ${odd.index})`)];
}

/** What an update may not change. Both versions are whole; the new one carries what the server keeps. */
export function validateObjectMetaUpdate(meta: Loose<ObjectMeta>, old: Loose<ObjectMeta>, path = 'metadata'): Fault[] {
  return [
    ...addedFinalizerFaults(meta, old, `${path}.finalizers`),
    ...((meta.resourceVersion ?? '') === ''
      ? [invalid(`${path}.resourceVersion`, meta.resourceVersion ?? '', 'must be specified for an update')]
      : []),
    ...generationFaults(meta.generation ?? 0, old.generation ?? 0, `${path}.generation`),
    ...immutableFaults(`${path}.name`, meta.name, old.name),
    ...immutableFaults(`${path}.namespace`, meta.namespace, old.namespace),
    ...immutableFaults(`${path}.uid`, meta.uid, old.uid),
    ...immutableFaults(`${path}.creationTimestamp`, meta.creationTimestamp, old.creationTimestamp),
    ...immutableFaults(`${path}.deletionTimestamp`, meta.deletionTimestamp, old.deletionTimestamp),
    ...immutableFaults(
      `${path}.deletionGracePeriodSeconds`,
      meta.deletionGracePeriodSeconds,
      old.deletionGracePeriodSeconds,
    ),
    ...labelFaults(meta.labels, `${path}.labels`),
    ...annotationFaults(meta.annotations, `${path}.annotations`),
    ...ownerReferenceFaults(meta.ownerReferences, `${path}.ownerReferences`),
    ...managedFieldsFaults(meta.managedFields, `${path}.managedFields`),
    ...(meta.finalizers ?? []).flatMap((each, index) =>
      finalizerNameFaults(each ?? '', `${path}.finalizers[${index}]`),
    ),
  ];
}

function addedFinalizerFaults(meta: Loose<ObjectMeta>, old: Loose<ObjectMeta>, path: string): Fault[] {
  if ((old.deletionTimestamp ?? undefined) === undefined) return [];
  const added = (meta.finalizers ?? []).filter((each) => !(old.finalizers ?? []).includes(each));
  if (added.length === 0) return [];
  return [
    forbidden(
      path,
      `no new finalizers can be added if the object is being deleted, found new finalizers ${goList(added)}`,
    ),
  ];
}

/** A list as Go prints it in that message: `[]string{"a", "b"}`. */
function goList(items: readonly (string | undefined)[]): string {
  return `[]string{${items.map((item) => JSON.stringify(item)).join(', ')}}`;
}

function generationFaults(generation: number, old: number, path: string): Fault[] {
  return generation < old ? [invalid(path, generation, 'must not be decremented')] : [];
}
