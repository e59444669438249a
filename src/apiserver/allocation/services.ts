/** What a Service is given: cluster addresses with their IPAddress objects, node ports, IP families. */
import { timestamp, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { IPAddress } from '../../api/networking/ip-address.ts';
import type { ServicePort, ServiceSpec } from '../../api/core/service.ts';
import type { Editable } from '../../api/rules/draft.ts';
import { invalid as invalidField, type Fault } from '../../schema/fault.ts';
import type { Store, Write } from '../../store/store.ts';
import { internalError, invalid } from '../errors.ts';
import type { Claim, Preparation, PreparedWrite } from '../registry/context.ts';
import { metaOf, seal } from '../registry/snapshot.ts';
import { addressAt, addressRange, inRange } from './address-range.ts';
import { Claims, type Pool } from './claims.ts';
import { settleFamilies } from './service-families.ts';

type Spec = Editable<ServiceSpec>;

export interface ServiceAllocationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** IPv4, such as `10.96.0.0/16`. */
  readonly cidr: string;
  /** First and last. Default 30000-32767. */
  readonly nodePorts?: readonly [number, number];
}

const addresses = 'service-addresses';
const ports = 'node-ports';

/** To be registered for `/services`. */
export function serviceAllocation(options: ServiceAllocationOptions): Preparation {
  return new ServiceAllocation(options);
}

/** One write's needs, collected before anything is claimed. */
interface Plan {
  readonly holder: string;
  readonly writes: Write[];
  readonly faults: Fault[];
  readonly taken: Set<string>;
}

class ServiceAllocation implements Preparation {
  readonly #options: ServiceAllocationOptions;
  readonly #claims: Claims;
  readonly #range: ReturnType<typeof addressRange>;
  readonly #addressPool: Pool;
  readonly #portPool: Pool;
  readonly #portRange: readonly [number, number];

  constructor(options: ServiceAllocationOptions) {
    this.#options = options;
    this.#claims = new Claims(options.store, options.random);
    const range = addressRange(options.cidr);
    this.#range = range;
    const { size, reserved } = range;
    this.#addressPool = { name: addresses, size, reserved, nameOf: (index) => addressAt(range, index + 1) };
    const [first, last] = options.nodePorts ?? [30_000, 32_767];
    this.#portRange = [first, last];
    const count = last - first + 1;
    const low = count < 16 ? 0 : Math.min(Math.max(16, Math.floor(count / 32)), 128);
    this.#portPool = { name: ports, size: count, reserved: low, nameOf: (index) => String(first + index) };
  }

  prepare({ target, draft, old, context }: PreparedWrite): Claim | undefined {
    const before = old === undefined ? undefined : (old.value as { readonly spec?: Spec }).spec;
    const holder = `${target.namespace}/${target.name}/${metaOf(draft ?? old?.value ?? {}).uid ?? ''}`;
    const plan: Plan = { holder, writes: [], faults: [], taken: new Set() };
    const spec = draft === undefined ? undefined : ((draft['spec'] ??= {}) as Spec);
    if (spec !== undefined) {
      settleFamilies(spec, before, plan.faults);
      this.#addresses(plan, spec, before, target.namespace, target.name);
      this.#ports(plan, spec, before);
    }
    this.#release(plan, before, spec);
    if (plan.faults.length > 0) throw invalid({ group: '', kind: 'Service' }, target.name, plan.faults);
    if (plan.writes.length === 0) return undefined;
    const settle = context.dryRun ? () => {} : this.#claims.hold(plan.writes);
    return { writes: plan.writes, settle, retry: true };
  }

  #addresses(plan: Plan, spec: Spec, before: Spec | undefined, namespace: string, name: string): void {
    if (plan.faults.length > 0 || !hasAddress(spec)) return;
    const wanted = addressOf(spec);
    // One that is to change is refused by what checks updates, in its own words.
    if (wanted !== '' && addressOf(before) !== '' && before?.type !== 'ExternalName') return;
    const problem = wanted === '' ? undefined : this.#addressProblem(wanted);
    if (problem !== undefined) {
      const detail = `failed to allocate IP ${wanted}: ${problem}`;
      plan.faults.push(invalidField('spec.clusterIPs', spec.clusterIPs ?? [wanted], detail));
      return;
    }
    const address = wanted === '' ? this.#claims.pick(this.#addressPool) : wanted;
    if (address === undefined) throw internalError('failed to allocate a serviceIP: range is full');
    spec.clusterIP = address;
    spec.clusterIPs = [address];
    plan.writes.push(this.#claims.take(addresses, address, plan.holder), this.#addressObject(address, namespace, name));
  }

  #addressProblem(address: string): string | undefined {
    if (!inRange(this.#range, address)) {
      return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`;
    }
    return this.#claims.isTaken(addresses, address) ? 'provided IP is already allocated' : undefined;
  }

  #addressObject(address: string, namespace: string, name: string): Write {
    const { random, clock } = this.#options;
    const sealed = seal(IPAddress, {
      metadata: {
        name: address,
        uid: random.uuid(),
        creationTimestamp: timestamp(clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    });
    return { type: 'put', key: addressKey(address), ...sealed, expect: 'any' };
  }

  #ports(plan: Plan, spec: Spec, before: Spec | undefined): void {
    const owned = portsOf(before);
    const all = needsNodePorts(spec);
    for (const [index, port] of (spec.ports ?? []).entries()) {
      // A load balancer that wants none gets those that it names all the same.
      if (all || (spec.type === 'LoadBalancer' && (port.nodePort ?? 0) !== 0)) {
        this.#port(plan, spec, port, index, owned);
      }
    }
    if (!needsHealthPort(spec)) return;
    const asked = spec.healthCheckNodePort ?? 0;
    if ((spec.ports ?? []).some(({ nodePort }) => nodePort === asked) && asked !== 0) {
      throw internalError(
        `failed to allocate requested HealthCheck NodePort ${asked}: provided port is already allocated`,
      );
    }
    spec.healthCheckNodePort = this.#claimPort(plan, asked, 'spec.healthCheckNodePort', owned);
  }

  #port(plan: Plan, spec: Spec, port: Editable<ServicePort>, index: number, owned: ReadonlySet<number>): void {
    const asked = port.nodePort ?? 0;
    // One number serves the same port of several protocols.
    const twin = spec.ports?.find(
      (each) =>
        each !== port && each.port === port.port && each.protocol !== port.protocol && (each.nodePort ?? 0) !== 0,
    );
    port.nodePort = this.#claimPort(
      plan,
      asked === 0 ? (twin?.nodePort ?? 0) : asked,
      `spec.ports[${index}].nodePort`,
      owned,
    );
  }

  /** `asked` is 0 for any. */
  #claimPort(plan: Plan, asked: number, path: string, owned: ReadonlySet<number>): number {
    const [first, last] = this.#portRange;
    if (asked !== 0 && (owned.has(asked) || plan.taken.has(String(asked)))) return asked;
    if (asked !== 0 && (asked < first || asked > last)) {
      const detail = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
      plan.faults.push(invalidField(path, asked, detail));
      return asked;
    }
    if (asked !== 0 && this.#claims.isTaken(ports, String(asked))) {
      plan.faults.push(invalidField(path, asked, 'provided port is already allocated'));
      return asked;
    }
    const port = asked === 0 ? this.#claims.pick(this.#portPool, plan.taken) : String(asked);
    if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
    plan.taken.add(port);
    plan.writes.push(this.#claims.take(ports, port, plan.holder));
    return Number(port);
  }

  /** Gives back what the Service had and has no more. */
  #release(plan: Plan, before: Spec | undefined, spec: Spec | undefined): void {
    const kept = new Set(spec?.clusterIPs);
    const { holder } = plan;
    for (const address of before?.clusterIPs ?? []) {
      if (!kept.has(address)) plan.writes.push(...this.#releaseAddress(address, holder));
    }
    const used = portsOf(spec);
    for (const port of portsOf(before)) {
      if (!used.has(port)) plan.writes.push(...this.#claims.release(ports, String(port), holder));
    }
  }

  #releaseAddress(address: string, holder: string): readonly Write[] {
    const release = this.#claims.release(addresses, address, holder);
    const object = this.#options.store.get(addressKey(address));
    if (release.length === 0 || object === undefined) return release;
    return [...release, { type: 'delete', key: object.key, expect: object.revision }];
  }
}

const hasAddress = ({ type, clusterIP }: Spec): boolean => type !== 'ExternalName' && clusterIP !== 'None';

const addressOf = (spec: Spec | undefined): string => spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? '';

const addressKey = (address: string): string => `networking.k8s.io/ipaddresses/${address}`;

function portsOf(spec: Spec | undefined): ReadonlySet<number> {
  const all = [...(spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0), spec?.healthCheckNodePort ?? 0];
  return new Set(all.filter((port) => port !== 0));
}

function needsNodePorts({ type, allocateLoadBalancerNodePorts }: Spec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

const needsHealthPort = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
