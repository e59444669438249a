/** Answers for the cluster zone and the reverse zones it was given. */
import type { Directive } from '../corefile.ts';
import { CorefileError, normalizeZone } from '../corefile.ts';
import { ClusterZone, type Finding, type PodMode, type ZoneRecord, type ZoneSources } from '../cluster-zone.ts';
import { toLocal } from '../foreign.ts';
import { andThen, isWithin, type Answer, type Handler, type Local, type Next, type Request } from '../request.ts';
import { rcodes, typeName, type RecordData, type ResourceRecord } from '../wire.ts';

interface Options {
  readonly zones: readonly string[];
  readonly pods: PodMode;
  readonly ttl: number;
  /** Zones in which unknown names go to the next handler; undefined: none. */
  readonly fallthrough: readonly string[] | undefined;
}

const properties = new Set(['pods', 'ttl', 'fallthrough', 'endpoint_pod_names', 'noendpoints', 'ignore', 'namespaces', 'labels',
  'endpoint', 'tls', 'kubeconfig', 'startup_timeout']); // prettier-ignore
const podModes: readonly string[] = ['disabled', 'insecure', 'verified'];

/** `kubernetes ZONES... { pods MODE; ttl SECONDS; fallthrough ZONES... }`; the zone of the server block when none is named. */
function parse({ args, block, line }: Directive, blockZones: readonly string[]): Options {
  const zones = args.length > 0 ? args.map(normalizeZone) : blockZones;
  let pods: PodMode = 'disabled';
  let ttl = 5;
  let fallthrough: readonly string[] | undefined;
  for (const property of block) {
    const [first = ''] = property.args;
    if (!properties.has(property.name))
      throw new CorefileError(`plugin/kubernetes: unknown property '${property.name}'`, property.line);
    if (property.name === 'pods') {
      if (!podModes.includes(first))
        throw new CorefileError(
          `plugin/kubernetes: wrong value for pods: ${first}, must be one of: ${podModes.join(', ')}`,
          property.line,
        );
      pods = first as PodMode;
    }
    if (property.name === 'ttl') ttl = parseTtl(first, property.line);
    if (property.name === 'fallthrough')
      fallthrough = property.args.length === 0 ? [''] : property.args.map(normalizeZone);
  }
  if (zones.length === 0) throw new CorefileError('plugin/kubernetes: no zone', line);
  return { zones, pods, ttl, fallthrough };
}

function parseTtl(text: string, line: number): number {
  const ttl = Number(text);
  if (Number.isInteger(ttl) && ttl >= 0 && ttl <= 3600) return ttl;
  throw new CorefileError(`plugin/kubernetes: ttl must be in range [0, 3600]: ${text}`, line);
}

export interface KubernetesContext {
  readonly sources: ZoneSources;
  /** Counts changes of what the zone is made of; the serial of its SOA. */
  readonly generation: () => number;
  readonly zones: readonly string[];
}

export function kubernetesHandler(directive: Directive, context: KubernetesContext): Handler {
  const { zones, pods, ttl, fallthrough } = parse(directive, context.zones);
  const reverse = zones.filter((zone) => zone.endsWith('.arpa'));
  const forward = zones
    .filter((zone) => !zone.endsWith('.arpa'))
    .map((zone) => new ClusterZone(zone, pods, context.sources));
  const primary = forward[0];
  const isReverse = (name: string): boolean => reverse.some((zone) => isWithin(name, zone));
  const records = (made: readonly ZoneRecord[]): ResourceRecord[] =>
    made.map(({ name, data }) => ({ name, ttl, data }));
  const authority = (zone: string): ResourceRecord => soa(zone, ttl, context.generation());

  const answer = (finding: Exclude<Finding, 'missing'>, zone: string): Local => ({
    kind: 'local',
    stable: finding.alias === undefined,
    rcode: rcodes.NOERROR,
    authoritative: true,
    answers: records(finding.records),
    authorities: finding.records.length === 0 ? [authority(zone)] : [],
    additionals: records(finding.additionals),
  });

  const missing = (request: Request, zone: string, next: Next): Answer => {
    if (fallthrough?.some((each) => isWithin(request.name, each)) === true) return next(request);
    return {
      kind: 'local',
      stable: true,
      rcode: rcodes.NXDOMAIN,
      authoritative: true,
      answers: [],
      authorities: [authority(zone)],
      additionals: [],
    };
  };

  /** The name that an ExternalName stands for is looked up as well, when it can be. */
  const followed = (local: Local, alias: string, request: Request, next: Next): Answer => {
    if (typeName(request.type) === 'CNAME') return local;
    const again = handler(aliased(request, alias), next);
    return andThen(again, (reply) => {
      if (reply.rcode !== rcodes.NOERROR) return local;
      return { ...local, answers: [...local.answers, ...toLocal(reply).answers] };
    });
  };

  const handler: Handler = (request, next) => {
    const { name } = request;
    const type = typeName(request.type);
    const zone = forward.find((each) => isWithin(name, each.zone));
    if (zone === undefined) {
      if (primary === undefined || !isReverse(name)) return next(request);
      const names = primary.findReverse(name);
      if (names.length === 0) return missing(request, reverse.find((each) => isWithin(name, each)) ?? '', next);
      const made = names.map((target): ZoneRecord => ({ name, data: { type: 'PTR', target } }));
      return answer({ records: type === 'PTR' ? made : [], additionals: [] }, primary.zone);
    }
    if (type === 'SOA' && name === zone.zone)
      return {
        ...answer({ records: [], additionals: [] }, zone.zone),
        answers: [authority(zone.zone)],
        authorities: [],
      };
    const finding = zone.find(name, type);
    if (finding === 'missing') return missing(request, zone.zone, next);
    const local = answer(finding, zone.zone);
    return finding.alias === undefined ? local : followed(local, finding.alias, request, next);
  };
  return handler;
}

function aliased(request: Request, alias: string): Request {
  return { ...request, name: alias };
}

function soa(zone: string, ttl: number, serial: number): ResourceRecord {
  const data: RecordData = {
    type: 'SOA',
    primary: `ns.dns.${zone}`,
    mailbox: `hostmaster.${zone}`,
    serial,
    minimum: ttl,
  };
  return { name: zone, ttl, data };
}
