/** All images that this program makes itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxSource } from './busybox.ts';
import { bundleProgram } from './bundle.ts';
import type { ImageStore } from './image-store.ts';
import { kuardSource } from './kuard.ts';
import type { ImageSource } from './mirror.ts';
import { ImageError } from './service.ts';

export interface DemoImagesOptions {
  /** The project's folder, for the demo application's sources. */
  readonly projectRoot: string;
  /** The Node that goes into images; the one that runs this when absent. */
  readonly node?: string;
}

/** busybox and kuard, under the names that the notes use. */
export function demoImages(options: DemoImagesOptions): (store: ImageStore) => readonly ImageSource[] {
  const { projectRoot, node = process.execPath } = options;
  const entry = join(projectRoot, 'demo', 'kuard', 'main.ts');
  const bundle = (): Promise<string> => {
    if (existsSync(entry)) return bundleProgram(entry);
    return Promise.reject(new ImageError('ErrImagePull', `cannot make the demo image: ${entry} is missing`));
  };
  return (store) => [busyboxSource(store), kuardSource({ store, node, bundle })];
}
