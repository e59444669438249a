/**
 * Makes addresses of Services of type LoadBalancer reachable from other machines: one that lies in the range of a
 * link of this machine is put on that link, so that the kernel answers ARP for it. Addresses elsewhere are left
 * alone: to those, others need a route to this machine.
 */
import { Service } from '../api/core/service.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service as LongLived } from '../base/service.ts';
import { Controller, watching } from '../client/controller.ts';
import type { Informers } from '../client/informers.ts';
import { contains, parseCidr, type Cidr } from '../network/cidr.ts';
import { createCommandRunner, runOrThrow, type CommandRunner } from '../network/command.ts';

export interface AnnouncerOptions {
  /** Shared with others of the process, and run by it. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  /** Range that the addresses come from; nobody else may use it. */
  readonly pool: string;
  readonly run?: CommandRunner;
}

/** What others may have changed is put right after this long, in milliseconds. */
const checkInterval = 60_000;
const onlyKey = 'addresses';

export function createAnnouncer(options: AnnouncerOptions): LongLived {
  const { informers, clock, log, pool, run = createCommandRunner(clock) } = options;
  const services = informers.of(Service);
  let known: { readonly addresses: string; readonly at: number } | undefined;
  return new Controller(
    {
      name: 'load-balancer-announcer',
      sources: [watching(services, () => [onlyKey])],
      async reconcile() {
        // Services change all the time, their addresses hardly ever, and asking the kernel costs a process.
        const addresses = addressesOf(services.list()).sort().join(' ');
        const age = known === undefined ? Infinity : clock.monotonic() - known.at;
        if (known?.addresses === addresses && age < checkInterval) return { after: checkInterval - age };
        const links = await linksOf(run);
        const { add, remove } = announcements(services.list(), links, pool);
        if (add.length + remove.length > 0) await change(run, add, remove);
        for (const { address, link } of add) {
          log.info('a load balancer address is announced', { address, link });
          // Whoever remembers another machine for it hears of this one; without it they find out later.
          const told = await run('busybox', ['arping', '-U', '-c', '1', '-w', '1', '-I', link, address]).catch(
            (error: unknown) => ({ code: 1, stderr: messageOf(error) }),
          );
          if (told.code !== 0) log.warn('could not announce an address by ARP', { address, error: told.stderr.trim() });
        }
        known = { addresses, at: clock.monotonic() };
        return { after: checkInterval };
      },
    },
    { clock, logger: log },
  );
}

/** Takes all of them from the links. */
export async function removeAnnounced(run: CommandRunner, pool: string): Promise<void> {
  const { remove } = announcements([], await linksOf(run), pool);
  if (remove.length > 0) await change(run, [], remove);
}

export interface LinkJson {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen: number }[];
}

interface Announcement {
  readonly address: string;
  readonly link: string;
}

/** What is to change on the links. Pure. Single addresses of the pool are ours, whoever put them there. */
export function announcements(
  services: readonly Service[],
  links: readonly LinkJson[],
  pool: string,
): { readonly add: readonly Announcement[]; readonly remove: readonly Announcement[] } {
  const range = parseCidr(pool);
  const isOurs = (text: string | undefined): text is string => {
    const address = parseCidr(text ?? '');
    return range !== undefined && address !== undefined && contains(range, address);
  };
  const all = links.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.flatMap(({ local, prefixlen }) => {
      const cidr = parseCidr(`${local ?? ''}/${prefixlen}`);
      return local === undefined || cidr === undefined ? [] : [{ link: ifname, local, cidr }];
    }),
  );
  const isSingle = ({ family, bits }: Cidr): boolean => bits === (family === 4 ? 32 : 128);
  const present = all
    .filter(({ cidr, local }) => isSingle(cidr) && isOurs(local))
    .map(({ link, local }) => ({ address: local, link }));
  const wanted = addressesOf(services).flatMap((ip) => {
    if (!isOurs(ip)) return [];
    const address = parseCidr(ip);
    const around = all.find(({ cidr }) => !isSingle(cidr) && address !== undefined && contains(cidr, address));
    return around === undefined ? [] : [{ address: ip, link: around.link }];
  });
  const isIn = (list: readonly Announcement[], one: Announcement): boolean =>
    list.some(({ address, link }) => address === one.address && link === one.link);
  return { add: wanted.filter((each) => !isIn(present, each)), remove: present.filter((each) => !isIn(wanted, each)) };
}

function addressesOf(services: readonly Service[]): string[] {
  const ingress = services.flatMap(({ spec, status }) =>
    spec?.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [],
  );
  return ingress.flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

async function linksOf(run: CommandRunner): Promise<readonly LinkJson[]> {
  return JSON.parse(await runOrThrow(run, 'ip', ['-j', '-4', 'addr'])) as readonly LinkJson[];
}

async function change(
  run: CommandRunner,
  add: readonly Announcement[],
  remove: readonly Announcement[],
): Promise<void> {
  const lines = [
    ...remove.map(({ address, link }) => `addr del ${address}/32 dev ${link}`),
    ...add.map(({ address, link }) => `addr replace ${address}/32 dev ${link}`),
  ];
  await runOrThrow(run, 'ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}
