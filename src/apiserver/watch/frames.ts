/** Frames that several watchers get: made once per change, and joined once for those who are equally far. */
import type { Change } from '../../store/store.ts';

/** Forgotten with the change. */
const frames = new WeakMap<Change, Map<string, Uint8Array>>();

/** The frame of a change in one form; `key` tells forms apart. */
export function sharedFrame(change: Change, key: string, make: () => Uint8Array): Uint8Array {
  let known = frames.get(change);
  if (known === undefined) frames.set(change, (known = new Map()));
  let made = known.get(key);
  if (made === undefined) known.set(key, (made = make()));
  return made;
}

/** What was joined last: a thousand watchers of one collection are flushed one after the other, with the same frames. */
let latest: { readonly parts: readonly Uint8Array[]; readonly whole: Uint8Array } = {
  parts: [],
  whole: new Uint8Array(),
};
/** Frames; more of them are a watcher's own backlog. */
const mostRemembered = 32;

export function joinedFrames(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  if (parts.length === latest.parts.length && parts.every((part, at) => part === latest.parts[at])) return latest.whole;
  const whole = Buffer.concat(parts);
  if (parts.length <= mostRemembered) latest = { parts, whole };
  return whole;
}
