import { expect, test } from 'vitest';
import type { Node } from '../../api/core/node.ts';
import { freeRange } from './plan.ts';

const nodeWith = (podCIDR: string): Node => ({
  metadata: { name: podCIDR, uid: podCIDR, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { podCIDR },
});

test('a node gets the first range that no other node has', () => {
  expect(freeRange('10.244.0.0/16', 24, [])).toBe('10.244.0.0/24');
  expect(freeRange('10.244.0.0/16', 24, [nodeWith('10.244.0.0/24'), nodeWith('10.244.2.0/24')])).toBe('10.244.1.0/24');
});

test('an exhausted range gives nothing', () => {
  expect(freeRange('10.0.0.0/23', 24, [nodeWith('10.0.0.0/24'), nodeWith('10.0.1.0/24')])).toBeUndefined();
});
