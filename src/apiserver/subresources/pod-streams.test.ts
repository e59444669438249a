import { expect, test } from 'vitest';
import { forwardQuery } from './pod-streams.ts';

test.each([
  ['ports=80', 'port=80'],
  ['ports=80%2C443', 'port=80%2C443'],
  ['ports=80&ports=443&timeout=30s', 'port=80&port=443&timeout=30s'],
  ['', ''],
])('the ports of a port-forward over WebSocket channels, %j, go to the kubelet as %j', (asked, handedOn) => {
  expect(forwardQuery(new URLSearchParams(asked)).toString()).toBe(handedOn);
});
