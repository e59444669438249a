import type { Probes } from '../pod/deps.ts';

/** Nothing is probed: what runs has started and is ready. For tests and simulated nodes. */
export const noProbes: Probes = {
  started: () => true,
  ready: () => true,
  failed: () => undefined,
  follow: () => {},
  stopLiveness: () => {},
  forget: () => {},
};
