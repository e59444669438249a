/** Counters under the names that dashboards for CoreDNS use. */
import { rcodeName, typeName } from './wire.ts';

const bucketBounds = [0.000_25, 0.001, 0.004, 0.016, 0.064, 0.256, 1, 5];

export class DnsMetrics {
  readonly #counters = new Map<string, number>();
  readonly #buckets = bucketBounds.map(() => 0);
  #seconds = 0;
  #count = 0;

  add(name: string, labels: string, by = 1): void {
    const key = `${name}{${labels}}`;
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + by);
  }

  answered(type: number, transport: string, rcode: number, milliseconds: number): void {
    this.add('coredns_dns_requests_total', `family="1",proto="${transport}",type="${knownType(type)}"`);
    this.add('coredns_dns_responses_total', `rcode="${rcodeName(rcode)}"`);
    const seconds = milliseconds / 1000;
    this.#seconds += seconds;
    this.#count += 1;
    for (const [at, bound] of bucketBounds.entries())
      if (seconds <= bound) this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
  }

  text(): string {
    const lines = new Map<string, string[]>();
    for (const [key, value] of this.#counters) {
      const name = key.slice(0, key.indexOf('{'));
      lines.set(name, [...(lines.get(name) ?? [`# TYPE ${name} counter`]), `${key.replace('{}', '')} ${value}`]);
    }
    const duration = 'coredns_dns_request_duration_seconds';
    const buckets = bucketBounds.map((bound, at) => `${duration}_bucket{le="${bound}"} ${this.#buckets[at] ?? 0}`);
    const histogram = [
      `# TYPE ${duration} histogram`,
      ...buckets,
      `${duration}_bucket{le="+Inf"} ${this.#count}`,
      `${duration}_sum ${this.#seconds}`,
      `${duration}_count ${this.#count}`,
    ];
    return `${[...[...lines.values()].flat(), ...histogram].join('\n')}\n`;
  }
}

/** Few values, so that strangers cannot fill the memory with labels. */
function knownType(type: number): string {
  const name = typeName(type);
  return name.startsWith('TYPE') ? 'other' : name;
}
