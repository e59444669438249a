/**
 * Pods from manifests in a folder: they run without the API, which shows a mirror of each.
 *
 * A static pod's uid is made of its manifest and the node, so that the same file is the same pod after a restart
 * and a changed file is another pod.
 */
import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pod } from '../api/core/pod.ts';
import { timestamp, type Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isAlreadyExists, isNotFound, type Client } from '../client/client.ts';
import { deepFreeze } from '../schema/freeze.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { decodeObject } from '../schema/decode.ts';
import { parseYaml } from '../schema/yaml.ts';
import { annotation, namespaceOf } from './pod/names.ts';

export interface StaticPodsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly folder: string;
  /** The node's uid, once it is registered: mirrors belong to it. */
  readonly nodeUid: () => string | undefined;
  /** The API's pods of this node. */
  readonly apiPods: () => readonly Pod[];
  readonly put: (pod: Pod) => void;
  readonly remove: (pod: Pod) => void;
}

const rescan = 20_000;
/** After the API could not be reached, milliseconds. */
const retry = 1000;
const settleDelay = 100;

export class StaticPods {
  readonly name = 'static pods';
  readonly #options: StaticPodsOptions;
  /** By uid. */
  #pods = new Map<string, Pod>();
  #wake: (() => void) | undefined;
  readonly #seen: string;

  constructor(options: StaticPodsOptions) {
    this.#options = options;
    this.#seen = timestamp(options.clock.now());
  }

  /** The mirror of a static pod, as the API has it. */
  mirrorOf(pod: Pod): Pod | undefined {
    return this.#options
      .apiPods()
      .find(
        (each) => isMirrorOf(each, pod) && each.metadata.annotations?.[annotation.configMirror] === pod.metadata.uid,
      );
  }

  /** A mirror was changed or deleted by somebody. */
  kick(): void {
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { folder, clock, log } = this.#options;
    const watcher = this.#watch(folder);
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    try {
      while (!signal.aborted) {
        await this.#scan().catch((error: unknown) => log.warn('cannot read manifests', { error: messageOf(error) }));
        let mirrored = true;
        await this.#mirror().catch((error: unknown) => {
          mirrored = false;
          log.warn('cannot mirror a pod', { error: messageOf(error) });
        });
        const timer = clock.after(mirrored ? rescan : retry, () => this.#wake?.());
        // The signal may have come while there was nobody to wake.
        if (!signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
        timer.cancel();
        // Editors write in several steps.
        await clock.sleep(settleDelay, signal).catch(() => {});
      }
    } finally {
      watcher?.close();
    }
  }

  #watch(folder: string): { close(): void } | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#wake?.());
      watcher.on('error', () => this.#wake?.());
      return watcher;
    } catch (error) {
      // The folder may come later: it is looked for now and then.
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #scan(): Promise<void> {
    const { folder, put, remove, log } = this.#options;
    const found = new Map<string, Pod>();
    const names = await readdir(folder).catch((error: unknown): string[] => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.sort()) {
      if (name.startsWith('.')) continue;
      try {
        const pod = await this.#read(join(folder, name));
        if (pod !== undefined) found.set(pod.metadata.uid, pod);
      } catch (error) {
        log.warn('a manifest is not a pod', { file: join(folder, name), error: messageOf(error) });
      }
    }
    for (const [uid, pod] of this.#pods) if (!found.has(uid)) remove(pod);
    for (const [uid, pod] of found) if (!this.#pods.has(uid)) put(pod);
    this.#pods = found;
  }

  async #read(path: string): Promise<Pod | undefined> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EISDIR') return undefined;
      throw error;
    });
    if (text === undefined || text.trim() === '') return undefined;
    const { value } = await parseYaml(text);
    return staticPod(value, text, this.#options.nodeName, this.#seen);
  }

  /** One mirror for each static pod, none for those that are gone. */
  async #mirror(): Promise<void> {
    const { client, apiPods } = this.#options;
    for (const each of apiPods()) {
      const of = each.metadata.annotations?.[annotation.configMirror];
      // One that somebody deletes goes at once, or it would be Terminating for ever: the pod itself runs on.
      const wanted = of !== undefined && this.#pods.has(of) && each.metadata.deletionTimestamp === undefined;
      if (of === undefined || wanted) continue;
      await this.#deleteMirror(each);
    }
    for (const pod of this.#pods.values()) {
      if (this.mirrorOf(pod) !== undefined) continue;
      await client.create(Pod, this.#mirrorDraft(pod)).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    }
  }

  async #deleteMirror(mirror: Pod): Promise<void> {
    const ref = { namespace: namespaceOf(mirror), name: mirror.metadata.name };
    const options = { gracePeriodSeconds: 0, preconditions: { uid: mirror.metadata.uid } };
    await this.#options.client.delete(Pod, ref, options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  #mirrorDraft(pod: Pod): Omit<Pod, 'metadata'> & { readonly metadata: object } {
    const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = pod.metadata;
    const nodeUid = this.#options.nodeUid();
    const owner = {
      apiVersion: 'v1',
      kind: 'Node',
      name: this.#options.nodeName,
      uid: nodeUid ?? '',
      controller: true,
    };
    return {
      ...pod,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [annotation.configMirror]: pod.metadata.uid },
        ...(nodeUid === undefined ? {} : { ownerReferences: [owner] }),
      },
    };
  }
}

const isMirrorOf = (mirror: Pod, pod: Pod): boolean =>
  mirror.metadata.name === pod.metadata.name && namespaceOf(mirror) === namespaceOf(pod);

/** A manifest as the pod that this node runs. Throws when it is no Pod. */
export function staticPod(value: unknown, text: string, nodeName: string, seen: string): Pod {
  const written = value as { apiVersion?: string; kind?: string };
  if (written.apiVersion !== 'v1' || written.kind !== 'Pod') throw new Error('apiVersion v1 and kind Pod are expected');
  const draft = decodeObject(Pod.schema, value).value;
  applyDefaults(Pod.schema, draft);
  Pod.defaults?.(draft);
  const pod = draft as unknown as Pod;
  const uid = createHash('sha256').update(`${nodeName}\n${text}`).digest('hex').slice(0, 32);
  return deepFreeze({
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${pod.metadata.name}-${nodeName}`,
      namespace: pod.metadata.namespace ?? 'default',
      uid,
      resourceVersion: '',
      creationTimestamp: seen,
      annotations: {
        ...pod.metadata.annotations,
        [annotation.configHash]: uid,
        [annotation.configSource]: 'file',
        [annotation.configSeen]: seen,
      },
    },
    spec: {
      ...pod.spec,
      nodeName,
      containers: pod.spec?.containers ?? [],
      // Runs whatever taints the node has.
      tolerations: [...(pod.spec?.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
  });
}
