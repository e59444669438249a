/** What this machine has free, and under which addresses it is reached. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { readTextIfPresent } from '../../base/file.ts';

export const ethernetMtu = 1500;

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** The address by which other machines reach this one: of the interface with the default route, else the first that is not loopback. */
export function hostAddress(): string | undefined {
  const routed = interfaceOfDefaultRoute();
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ name, address })),
  );
  return (
    all.find(({ name }) => name === routed) ?? all.find(({ name }) => !/^(cor\d+|docker|br-|veth|cni)/.test(name))
  )?.address;
}

/**
 * Bytes that the way to other machines carries in one packet: of the interface that has the address, or else of the
 * one with the default route. Nodes on this machine have theirs to each other from it, too.
 */
export function linkMtu(address?: string): number {
  const link = interfaceOf(address) ?? interfaceOfDefaultRoute() ?? '';
  const mtu = Number(readTextIfPresent(`/sys/class/net/${link}/mtu`) ?? ethernetMtu);
  return Math.min(ethernetMtu, mtu);
}

function interfaceOf(wanted: string | undefined): string | undefined {
  const all = Object.entries(networkInterfaces());
  return all.find(([, addresses = []]) => addresses.some(({ address }) => address === wanted))?.[0];
}

function interfaceOfDefaultRoute(): string | undefined {
  const rows = (readTextIfPresent('/proc/net/route') ?? '').split('\n').map((row) => row.split('\t'));
  return rows.find((row) => row[1] === '00000000')?.[0];
}

/** Whether one of this machine's interfaces has it. */
export function isLocalAddress(wanted: string): boolean {
  return interfaceOf(wanted) !== undefined;
}
