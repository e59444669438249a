/** The end of the write path: what was prepared becomes durable, or the conflict becomes an answer. */
import {
  ConflictError,
  FutureRevisionError,
  StorageError,
  type Commit,
  type Expectation,
  type Write,
} from '../../store/store.ts';
import { conflict, serviceUnavailable } from '../errors.ts';
import type { Claim, Registry, Target, WriteContext } from './context.ts';
import { keyOf } from './resources.ts';
import { metaOf, seal, type DraftObject, type Snapshot } from './snapshot.ts';

/** The expectation of the object's own key did not hold: someone else was faster. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** An expectation of a claimed key did not hold: prepare again, and claim another. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

export interface PutOptions {
  readonly expect: Expectation;
  readonly claim: Claim | undefined;
  /** The revision that a dry run shows. */
  readonly shown: number;
}

/** Writes the object and what it claims, at one revision. Throws Overtaken, ClaimLost or a StatusError. */
export async function putObject(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  context: WriteContext,
  options: PutOptions,
): Promise<Snapshot> {
  const { resource } = target;
  const { claim } = options;
  const sealed = seal(resource.storage, draft);
  const { name = '', namespace = '' } = metaOf(sealed.value);
  const key = keyOf(resource, namespace, name);
  if (context.dryRun) {
    claim?.settle?.(false);
    if (options.expect === 'absent' && registry.store.get(key) !== undefined) throw new Overtaken();
    return { ...sealed, revision: options.shown };
  }
  const write: Write = { type: 'put', key, ...sealed, expect: options.expect };
  const { entries, revision } = await commit(registry, target, key, [write, ...(claim?.writes ?? [])], claim);
  return entries[0] ?? { ...sealed, revision };
}

/** Removes the object and what it claims; answers with the revision of the removal. */
export async function removeObject(
  registry: Registry,
  target: Target,
  expect: Expectation,
  claim: Claim | undefined,
): Promise<number> {
  const key = keyOf(target.resource, target.namespace, target.name);
  const writes: readonly Write[] = [{ type: 'delete', key, expect }, ...(claim?.writes ?? [])];
  return (await commit(registry, target, key, writes, claim)).revision;
}

async function commit(
  registry: Registry,
  target: Target,
  key: string,
  writes: readonly Write[],
  claim: Claim | undefined,
): Promise<Commit> {
  let committed = false;
  try {
    const result = await registry.store.commit(writes);
    committed = true;
    return result;
  } catch (error) {
    if (error instanceof ConflictError)
      throw error.key === key ? new Overtaken(error.message) : new ClaimLost(error.message);
    if (error instanceof StorageError) throw serviceUnavailable(`${target.resource.name.resource}: ${error.message}`);
    if (error instanceof FutureRevisionError) throw conflict(target.resource.name, target.name);
    throw error;
  } finally {
    claim?.settle?.(committed);
  }
}
