import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { Layout } from '../layout.ts';
import type { ClusterSettings, FurtherNode } from '../settings/settings.ts';
import {
  enterNamespaces,
  ensureNamespaces,
  removeNamespaces,
  underlayOf,
  type NamespacesOptions,
} from './namespaces.ts';

const node: FurtherNode = { name: 'shares-2', number: 2 };
let folder: string;
let options: NamespacesOptions;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-namespaces-'));
  const settings: Partial<ClusterSettings> = {
    name: 'shares',
    slot: 97,
    underlayCidr: '198.51.100.0/24',
    furtherNodes: [node],
  };
  // Of these two, no more is looked at.
  options = { layout: { runDir: folder } as Layout, settings: settings as ClusterSettings, clock: systemClock };
  await ensureNamespaces(options);
});

afterEach(async () => {
  await removeNamespaces(options, node);
  await underlayOf(options).remove();
  execFileSync('umount', [join(folder, 'namespaces')]);
  rmSync(folder, { recursive: true });
});

/** What a shell in the node says. */
function inNode(script: string): string {
  const [program = '', ...args] = enterNamespaces(options.layout, node);
  return execFileSync(program, [...args, 'sh', '-ec', script]).toString();
}

test('what a container mounts where it shares mounts with its node shows up in the node, and not on the machine', () => {
  const place = join(folder, 'volume');
  const mount = `mkdir ${place}; mount --bind ${place} ${place}; mkdir ${place}/made`;
  inNode(`${mount}; unshare --mount --propagation unchanged mount -t tmpfs made ${place}/made`);
  const mounted = (text: string): boolean => text.includes(`${place}/made`);
  expect(mounted(inNode('cat /proc/self/mounts'))).toBe(true);
  expect(mounted(execFileSync('cat', ['/proc/self/mounts']).toString())).toBe(false);
});
