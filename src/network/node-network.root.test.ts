/** Nodes as namespaces on an underlay; all inside a namespace of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab, type LabNamespace } from './lab.ts';
import { mountPoints } from './netns.ts';
import { Underlay } from './node-network.ts';

const lab = new Lab();
const folder = mkdtempSync(join(tmpdir(), 'coracle-underlay-'));
const path = join(folder, 'two.net');
let machine: LabNamespace;
let underlay: Underlay;
const node = { bridge: 'und0', path, link: 'und0-two', address: '172.31.0.2/24', gateway: '172.31.0.1' };

beforeAll(async () => {
  machine = await lab.namespace();
  underlay = new Underlay({
    run: machine.run,
    bridge: 'und0',
    address: '172.31.0.1/24',
    table: 'coracle-test-underlay',
  });
  await underlay.ensure();
});

afterAll(async () => {
  await underlay.removeNode(node);
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const reaches = async (): Promise<boolean> => (await machine.try('busybox ping -c 1 -W 1 172.31.0.2')).code === 0;

it('adds a node that the machine reaches, twice without harm', async () => {
  await underlay.addNode(node);
  await underlay.addNode(node);
  expect(await reaches()).toBe(true);
});

it('cuts it off and joins it again', async () => {
  await underlay.setConnected(node.link, false);
  expect(await underlay.isConnected(node.link)).toBe(false);
  expect(await reaches()).toBe(false);
  await underlay.setConnected(node.link, true);
  expect(await underlay.isConnected(node.link)).toBe(true);
  // A neighbour that was given up is asked for again with the next packets.
  let attempts = 1;
  while (attempts < 5 && !(await reaches())) attempts += 1;
  expect(attempts).toBeLessThan(5);
});

it('takes it away without a trace', async () => {
  await underlay.removeNode(node);
  expect(mountPoints().has(path)).toBe(false);
  expect(await underlay.isConnected(node.link)).toBeUndefined();
  await underlay.remove();
  expect(await machine.sh('nft list tables')).toBe('');
});
