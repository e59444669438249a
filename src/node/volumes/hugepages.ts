/** emptyDir volumes of huge pages: which size a pod's volume has. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import { containersOf } from '../pod/names.ts';
import { VolumeError } from './volume.ts';

const prefix = 'hugepages-';

/**
 * Mount option `pagesize` for the medium: `HugePages` is whatever one size the pod asks for, `HugePages-2Mi` that
 * size. Throws VolumeError when the pod does not ask for such pages, or for several sizes.
 */
export function pageSizeOf(pod: Pod, medium: string): string {
  const asked = containersOf(pod).flatMap(({ spec }) => [
    ...Object.keys(spec.resources?.requests ?? {}),
    ...Object.keys(spec.resources?.limits ?? {}),
  ]);
  const sizes = new Set(asked.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)));
  const [first] = sizes;
  if (first === undefined) throw new VolumeError(`medium "${medium}": no container of the pod asks for huge pages`);
  if (medium === 'HugePages') {
    if (sizes.size > 1) {
      throw new VolumeError(`medium "${medium}" can't be used if the pod asks for several sizes: name one of them`);
    }
    return optionOf(first);
  }
  const size = medium.slice('HugePages-'.length);
  if (!sizes.has(size)) throw new VolumeError(`medium "${medium}": no container of the pod asks for ${prefix}${size}`);
  return optionOf(size);
}

/** `2Mi` as mount(8) wants it: `2M`. */
const optionOf = (size: string): string => size.replace(/i$/, '');
