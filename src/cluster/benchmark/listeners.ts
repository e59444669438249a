/** On which ports the cluster's processes listen, from what the kernel says. */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';
import type { Listener } from '../../benchmark/facts.ts';
import type { Layout } from '../layout.ts';
import { isAlive, readState } from '../processes/process-state.ts';
import { processNames } from '../processes/processes.ts';
import type { ClusterSettings } from '../settings/settings.ts';

/** State LISTEN in /proc/net/tcp. */
const listening = '0A';

export function listenersOf(layout: Layout, settings: ClusterSettings): readonly Listener[] {
  return processNames(settings).flatMap((name) => {
    const state = readState(layout.state(name));
    return state === undefined || !isAlive(state) ? [] : portsOf(name, state.pid);
  });
}

function portsOf(process: string, pid: number): readonly Listener[] {
  const own = socketsOf(pid);
  return ['tcp', 'tcp6'].flatMap((table) =>
    (readTextIfPresent(`/proc/${pid}/net/${table}`) ?? '')
      .split('\n')
      .slice(1)
      .map((row) => row.trim().split(/\s+/u))
      .filter(([, , , state, , , , , , inode = '']) => state === listening && own.has(inode))
      .map(([, local = '']) => ({ process, ...addressOf(local) })),
  );
}

/** `0100007F:1F90` is 127.0.0.1:8080; addresses are in the machine's byte order, word by word. */
export function addressOf(local: string): { readonly address: string; readonly port: number } {
  const [hex = '', port = ''] = local.split(':');
  const words = hex.match(/.{8}/gu) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, 'hex')].toReversed());
  if (bytes.length === 4) return { address: bytes.join('.'), port: Number.parseInt(port, 16) };
  const zero = bytes.every((byte) => byte === 0);
  const loopback = bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  const address = zero ? '::' : loopback ? '::1' : (Buffer.from(bytes).toString('hex').match(/.{4}/gu) ?? []).join(':');
  return { address, port: Number.parseInt(port, 16) };
}

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  const inodes = readdirSync(folder).flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/u.exec(readlinkSync(join(folder, name)))?.[1] ?? [];
    } catch {
      return []; // Closed meanwhile.
    }
  });
  return new Set(inodes);
}
