/** Rules of ObjectMeta, the same for every kind, and the fields that only the server sets. */
import { timestamp } from '../../base/clock.ts';
import type { ObjectMeta } from '../../api/meta/object-meta.ts';
import { forbidden, invalid, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label, checkName, checkNamePrefix, checkPathSegment, checkQualifiedName } from '../../schema/names.ts';
import { validateLabels } from '../../schema/selector.ts';
import { badRequest } from '../errors.ts';
import type { Registry } from './context.ts';
import type { Resource } from './resources.ts';
import { draftMeta, type DraftObject } from './snapshot.ts';

/** Throws 400 when the object says another namespace than the path; fills in what it does not say. */
export function settleNamespace(resource: Resource, draft: DraftObject, namespace: string): void {
  const meta = draftMeta(draft);
  if (!resource.namespaced) delete meta.namespace;
  else if (meta.namespace === undefined || meta.namespace === '') meta.namespace = namespace;
  else if (meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** A new object's identity. What a client says here is not believed. */
export function stampNew(registry: Registry, draft: DraftObject, generation: boolean): void {
  const meta = draftMeta(draft);
  meta.uid = registry.random.uuid();
  meta.creationTimestamp = timestamp(registry.clock.now());
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  if (generation) meta.generation = 1;
  else delete meta.generation;
}

/** An update keeps what only the server may set. A client's other uid is told by validation. */
export function keepIdentity(draft: DraftObject, old: ObjectMeta): void {
  const meta = draftMeta(draft);
  if (meta.uid === undefined || meta.uid === '') set(meta, 'uid', old.uid);
  set(meta, 'creationTimestamp', old.creationTimestamp);
  set(meta, 'generation', old.generation);
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  if (meta.deletionGracePeriodSeconds === undefined) {
    set(meta, 'deletionGracePeriodSeconds', old.deletionGracePeriodSeconds);
  }
}

function set<K extends keyof ObjectMeta>(meta: { -readonly [P in keyof ObjectMeta]: ObjectMeta[P] }, key: K, value: ObjectMeta[K] | undefined): void {
  if (value === undefined) delete meta[key];
  else meta[key] = value;
}

const annotationLimit = 256 * 1024;

export function validateMeta(resource: Resource, meta: ObjectMeta): readonly Fault[] {
  const { nameRule = 'subdomain' } = resource.storage;
  const faults: Fault[] = [];
  if (meta.generateName !== undefined && meta.generateName !== '') {
    for (const each of checkNamePrefix(meta.generateName, nameRule)) {
      faults.push(invalid('metadata.generateName', meta.generateName, each));
    }
  }
  if (meta.name === undefined || meta.name === '') {
    faults.push(required('metadata.name', 'name or generateName is required'));
  } else {
    const complaints = new Set([...checkName(meta.name, nameRule), ...checkPathSegment(meta.name)]);
    for (const each of complaints) faults.push(invalid('metadata.name', meta.name, each));
  }
  faults.push(...validateNamespace(resource, meta));
  if ((meta.generation ?? 0) < 0) {
    faults.push(invalid('metadata.generation', meta.generation, 'must be greater than or equal to 0'));
  }
  faults.push(...validateLabels(meta.labels, 'metadata.labels'), ...validateAnnotations(meta.annotations));
  faults.push(...validateOwners(meta), ...validateFinalizers(meta.finalizers));
  return faults;
}

function validateNamespace(resource: Resource, { namespace = '' }: ObjectMeta): readonly Fault[] {
  const path = 'metadata.namespace';
  if (!resource.namespaced) return namespace === '' ? [] : [forbidden(path, 'not allowed on this type')];
  if (namespace === '') return [required(path)];
  return checkDns1123Label(namespace).map((each) => invalid(path, namespace, each));
}

function validateAnnotations(annotations: ObjectMeta['annotations']): readonly Fault[] {
  const faults: Fault[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const each of checkQualifiedName(key.toLowerCase())) faults.push(invalid('metadata.annotations', key, each));
    size += key.length + Buffer.byteLength(value);
  }
  if (size > annotationLimit) faults.push(tooLong('metadata.annotations', annotationLimit));
  return faults;
}

function validateOwners({ ownerReferences = [] }: ObjectMeta): readonly Fault[] {
  const faults: Fault[] = [];
  const path = 'metadata.ownerReferences';
  let controller = '';
  for (const [index, owner] of ownerReferences.entries()) {
    const at = path;
    if (!/^[^/]+(\/[^/]+)?$/.test(owner.apiVersion)) {
      faults.push(invalid(`${at}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    }
    for (const key of ['kind', 'name', 'uid'] as const) {
      if (owner[key] === '') faults.push(invalid(`${at}.${key}`, '', `${key} must not be empty`));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      faults.push(invalid(at, '/v1, Kind=Event', '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner.controller !== true) continue;
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`;
    if (controller !== '') faults.push(invalid(path, ownerReferences[index], detail));
    else controller = owner.name;
  }
  return faults;
}

const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function validateFinalizers(finalizers: readonly string[] = []): readonly Fault[] {
  const path = 'metadata.finalizers';
  const faults: Fault[] = [];
  for (const finalizer of finalizers) {
    const complaints = checkQualifiedName(finalizer);
    for (const each of complaints) faults.push(invalid(path, finalizer, each));
    if (complaints.length === 0 && !finalizer.includes('/') && !standardFinalizers.has(finalizer)) {
      faults.push(invalid(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
    }
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    faults.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return faults;
}

const immutableMeta = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

export function validateMetaUpdate(meta: ObjectMeta, old: ObjectMeta): readonly Fault[] {
  const faults: Fault[] = [];
  for (const key of immutableMeta) {
    if (meta[key] !== old[key]) faults.push(invalid(`metadata.${key}`, meta[key], 'field is immutable'));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    faults.push(invalid('metadata.generation', meta.generation, 'must not be decremented'));
  }
  if (old.deletionTimestamp !== undefined) {
    const present = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((each) => !present.has(each));
    if (added.length > 0) {
      const names = added.map((each) => JSON.stringify(each)).join(', ');
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`;
      faults.push(forbidden('metadata.finalizers', detail));
    }
  }
  return faults;
}
