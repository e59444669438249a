import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { userNamespaces } from './user-namespaces.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-users-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const pod = (uid: string, hostUsers?: boolean): Pod => ({
  metadata: { name: uid, uid, resourceVersion: '1', creationTimestamp: '' },
  spec: { containers: [], ...(hostUsers === undefined ? {} : { hostUsers }) },
});

test('only pods that ask for users of their own get a range, and no two the same', () => {
  const rangeFor = userNamespaces(root);
  expect(rangeFor(pod('shared'))).toBeUndefined();
  expect(rangeFor(pod('a', false))).toEqual({ hostId: 65_536, containerId: 0, length: 65_536 });
  expect(rangeFor(pod('b', false))?.hostId).toBe(131_072);
});

test('a range is the same after a restart, and free again when the pod is gone', () => {
  userNamespaces(root)(pod('a', false));
  const later = userNamespaces(root);
  expect(later(pod('b', false))?.hostId).toBe(131_072);
  expect(later(pod('a', false))?.hostId).toBe(65_536);
  rmSync(join(root, 'pods', 'a'), { recursive: true });
  expect(later(pod('c', false))?.hostId).toBe(65_536);
});
