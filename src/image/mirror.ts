/** Who answers for a registry that can't be reached. Mirrors are asked by real pulls, and named in their results. */
import type { ImageRecord, ImageStore } from './image-store.ts';
import type { Puller } from './puller.ts';
import { formatReference, type Reference, repositoryOf } from './reference.ts';
import type { RegistryAuth } from './service.ts';

export interface Mirror {
  /** For events and logs. */
  readonly name: string;
  /** Also asked when the registry answers that it has no such image, or not for us. */
  readonly whenMissing: boolean;
  serves(reference: Reference): boolean;
  /** The image, listed in the store under this name; undefined when the mirror hasn't got it either. */
  provide(reference: Reference, signal: AbortSignal): Promise<ImageRecord | undefined>;
}

/** `docker.io/library/busybox` serves that repository, `gcr.io/kuar-demo/` all below. */
function servesPrefix(prefixes: readonly string[]): (reference: Reference) => boolean {
  return (reference) => {
    const repository = repositoryOf(reference);
    return prefixes.some((prefix) => repository === prefix || (prefix.endsWith('/') && repository.startsWith(prefix)));
  };
}

export interface RegistryMirrorOptions {
  /** What it stands for, such as `docker.io/`. */
  readonly prefix: string;
  /** Where it is, such as `mirror.example:5000` or `localhost:5000/docker`. */
  readonly endpoint: string;
  readonly auth?: RegistryAuth;
}

/** Another registry that carries the same repositories. The puller comes later: it needs the mirrors first. */
export function registryMirror(options: RegistryMirrorOptions, puller: () => Puller): Mirror {
  const [host = '', ...folders] = options.endpoint.split('/').filter((part) => part !== '');
  const auth = options.auth === undefined ? [] : [options.auth];
  return {
    name: options.endpoint,
    whenMissing: false,
    serves: servesPrefix([options.prefix]),
    provide: (reference, signal) =>
      puller().pullFrom({ host, path: [...folders, reference.path].join('/') }, reference, auth, signal),
  };
}

/** Images that this program makes itself when they are first asked for. */
export interface ImageSource {
  readonly name: string;
  readonly repositories: readonly string[];
  /** Makes the image and adds it to the store, or says undefined when it knows no such tag. */
  provide(reference: Reference, signal: AbortSignal): Promise<ImageRecord | undefined>;
}

/** An image is made once per process and name; as long as the store has it, it is answered at once. */
export function sourceMirror(source: ImageSource, store: ImageStore): Mirror {
  const made = new Map<string, string>();
  return {
    name: source.name,
    whenMissing: true,
    serves: servesPrefix(source.repositories),
    async provide(reference, signal) {
      if (reference.digest !== undefined) return undefined;
      const name = formatReference(reference);
      const known = store.find(name);
      if (known !== undefined && made.get(name) === known.id) return known;
      const record = await source.provide(reference, signal);
      if (record !== undefined) made.set(name, record.id);
      return record;
    },
  };
}

/** Names of a source's image in the store. */
export function namesOf(
  reference: Reference,
  manifest: string,
): { tags: readonly string[]; digests: readonly string[] } {
  return { tags: [formatReference(reference)], digests: [`${repositoryOf(reference)}@${manifest}`] };
}
