/** `hosts { ADDRESS NAME...; ttl SECONDS; no_reverse; fallthrough ZONES... }`: names as in /etc/hosts. */
import { addressBytes, addressOfReverse } from '../addresses.ts';
import { CorefileError, normalizeZone, type Directive } from '../corefile.ts';
import { isWithin, type Handler, type Local } from '../request.ts';
import { rcodes, typeName, type RecordData, type ResourceRecord } from '../wire.ts';

const defaultTtl = 3600;

interface Entries {
  readonly names: Map<string, string[]>;
  readonly addresses: Map<string, string[]>;
  fallthrough: readonly string[] | undefined;
  ttl: number;
  reverse: boolean;
}

/** `readFile` gives the text of the hosts file that the directive names. */
export function hostsHandler(directive: Directive, readFile: (path: string) => string): Handler {
  const entries: Entries = {
    names: new Map(),
    addresses: new Map(),
    fallthrough: undefined,
    ttl: defaultTtl,
    reverse: true,
  };
  const [file, ...zoneNames] = directive.args;
  const zones = zoneNames.map(normalizeZone);
  if (file !== undefined)
    for (const line of readFile(file).split('\n')) addLine(entries, line.replace(/#.*/, '').trim().split(/\s+/));
  for (const property of directive.block) addProperty(entries, property);

  return (request, next) => {
    const { name } = request;
    if (zones.length > 0 && !zones.some((zone) => isWithin(name, zone))) return next(request);
    const records = find(entries, name, typeName(request.type));
    if (records !== undefined) return replyOf(records);
    const passes = zones.length === 0 || entries.fallthrough?.some((zone) => isWithin(name, zone)) === true;
    return passes ? next(request) : { ...replyOf([]), rcode: rcodes.NXDOMAIN };
  };
}

/** Undefined when the name is not in the file; no records when it is, without any of that type. */
function find(entries: Entries, name: string, type: string): readonly ResourceRecord[] | undefined {
  const record = (data: RecordData): ResourceRecord => ({ name, ttl: entries.ttl, data });
  if (type === 'PTR' && entries.reverse) {
    const targets = entries.addresses.get(addressOfReverse(name) ?? '');
    if (targets !== undefined) return targets.map((target) => record({ type: 'PTR', target }));
  }
  const addresses = entries.names.get(name)?.map(addressBytes);
  if (type !== 'A' && type !== 'AAAA') return addresses === undefined ? undefined : [];
  const length = type === 'A' ? 4 : 16;
  return addresses?.filter((each) => each.length === length).map((address) => record({ type, address }));
}

function replyOf(records: readonly ResourceRecord[]): Local {
  return {
    kind: 'local',
    rcode: rcodes.NOERROR,
    authoritative: true,
    answers: records,
    authorities: [],
    additionals: [],
  };
}

function addProperty(entries: Entries, { name, args, line }: Directive): void {
  if (name === 'fallthrough') entries.fallthrough = args.length === 0 ? [''] : args.map(normalizeZone);
  else if (name === 'no_reverse') entries.reverse = false;
  else if (name === 'ttl') {
    const ttl = Number(args[0]);
    if (!Number.isInteger(ttl) || ttl <= 0)
      throw new CorefileError(`plugin/hosts: ttl must be a positive number: ${args[0] ?? ''}`, line);
    entries.ttl = ttl;
  } else if (addressBytes(name).length > 0) addLine(entries, [name, ...args]);
  else if (name !== 'reload') throw new CorefileError(`plugin/hosts: unknown property '${name}'`, line);
}

function addLine(entries: Entries, [address = '', ...names]: readonly string[]): void {
  if (addressBytes(address).length === 0) return;
  for (const name of names.map(normalizeZone)) {
    entries.names.set(name, [...(entries.names.get(name) ?? []), address]);
    entries.addresses.set(address, [...(entries.addresses.get(address) ?? []), name]);
  }
}
