/** Which pods are bound to which node, kept up to date from the store before every question. */
import type { Pod } from '../../api/core/pod.ts';
import type { Change, Reader, Watch } from '../../store/store.ts';

const prefix = 'core/pods/';

export class NodePods {
  readonly #reader: Reader;
  readonly #byNode = new Map<string, Map<string, Pod>>();
  #watch: Watch | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Pods that are bound to the node. */
  of(node: string): Iterable<Pod> {
    this.#update();
    return this.#byNode.get(node)?.values() ?? [];
  }

  #update(): void {
    if (this.#watch !== undefined && !this.#watch.ended && this.#watch.error === undefined) {
      if (this.#watch.size > 0) for (const change of this.#watch.drain()) this.#apply(change);
      return;
    }
    this.#watch?.close();
    this.#byNode.clear();
    const { entries, revision } = this.#reader.range(prefix);
    for (const { key, value } of entries) this.#put(key, value as Pod);
    this.#watch = this.#reader.watch(prefix, revision);
  }

  #apply({ type, key, entry, previous }: Change): void {
    if (type === 'delete') return this.#remove(key, entry.value as Pod);
    if (previous !== undefined) this.#remove(key, previous.value as Pod);
    this.#put(key, entry.value as Pod);
  }

  #put(key: string, pod: Pod): void {
    const node = nodeOf(pod);
    if (node === '') return;
    let pods = this.#byNode.get(node);
    if (pods === undefined) this.#byNode.set(node, (pods = new Map()));
    pods.set(key, pod);
  }

  #remove(key: string, pod: Pod): void {
    const node = nodeOf(pod);
    const pods = this.#byNode.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.#byNode.delete(node);
  }
}

const nodeOf = (pod: Pod): string => pod.spec?.nodeName ?? '';
