/**
 * Probes of all containers of this node.
 *
 * Each probe of a running container has its own rhythm: first `initialDelaySeconds` after the start, then every
 * `periodSeconds`. A result counts once it came `successThreshold` or `failureThreshold` times in a row. Startup
 * probes hold back the others; once they have succeeded they are over. After a verdict of failure liveness and
 * startup probes rest until the container has been replaced.
 */
import type { Probe } from '../../api/core/probe.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { ContainerStatus, RuntimeService } from '../../runtime/runtime.ts';
import type { EventRecorder } from '../events.ts';
import type { ProbeCounts, Probes } from '../pod/deps.ts';
import { portNumber } from '../pod/lifecycle.ts';
import { containerId, containersOf, label, type AnyContainer } from '../pod/names.ts';
import { execProbe } from './exec-probe.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe } from './http-probe.ts';
import { failed, type Outcome } from './outcome.ts';
import { tcpProbe } from './tcp-probe.ts';

export type ProbeType = 'startup' | 'liveness' | 'readiness';

export interface ProbeManagerOptions {
  readonly runtime: RuntimeService;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  /** A result changed that the pod's worker must see. */
  readonly onChange: (uid: string) => void;
}

interface Run {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly container: AnyContainer;
  readonly status: ContainerStatus;
  pod: Pod;
  podIp: string;
  verdict: boolean | undefined;
  last: boolean | undefined;
  inRow: number;
  timer: Timer | undefined;
  stopped: boolean;
  readonly counts: Record<Outcome['result'], number>;
}

const types: readonly ProbeType[] = ['startup', 'liveness', 'readiness'];
const words: Readonly<Record<ProbeType, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };

export class ProbeManager implements Probes {
  readonly #options: ProbeManagerOptions;
  readonly #startedAt: number;
  /** Pod uid to its probes by container id and type. */
  readonly #runs = new Map<string, Map<string, Run>>();

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /** How the probes of the containers that run have ended so far. */
  counts(): readonly ProbeCounts[] {
    return [...this.#runs.values()].flatMap((runs) =>
      [...runs.values()].map(({ pod, container, type, counts }) => ({
        pod,
        container: container.name,
        type: words[type],
        counts,
      })),
    );
  }

  started(status: ContainerStatus): boolean {
    return this.#find(status, 'startup')?.verdict ?? !this.#has(status, 'startup');
  }

  ready(status: ContainerStatus): boolean {
    return this.#find(status, 'readiness')?.verdict ?? !this.#has(status, 'readiness');
  }

  failed(status: ContainerStatus): 'livenessFailed' | 'startupFailed' | undefined {
    if (this.#find(status, 'startup')?.verdict === false) return 'startupFailed';
    return this.#find(status, 'liveness')?.verdict === false ? 'livenessFailed' : undefined;
  }

  follow(pod: Pod, podIp: string, statuses: readonly ContainerStatus[]): void {
    const { uid } = pod.metadata;
    const runs = this.#runs.get(uid) ?? new Map<string, Run>();
    this.#runs.set(uid, runs);
    const wanted = new Set<string>();
    for (const { role, sidecar, spec } of containersOf(pod)) {
      if (role === 'ephemeral' || (role === 'init' && !sidecar)) continue;
      const status = statuses.find((each) => each.name === spec.name && each.state === 'running');
      if (status === undefined) continue;
      for (const type of types) {
        const probe = spec[`${type}Probe`];
        if (probe === undefined) continue;
        const key = keyOf(status, type);
        wanted.add(key);
        const run = runs.get(key);
        if (run === undefined) runs.set(key, this.#begin({ pod, podIp, type, probe, container: spec, status }));
        else Object.assign(run, { pod, podIp });
      }
    }
    for (const [key, run] of runs) {
      if (wanted.has(key)) continue;
      stop(run);
      runs.delete(key);
    }
  }

  stopLiveness(uid: string): void {
    for (const run of this.#runs.get(uid)?.values() ?? []) if (run.type !== 'readiness') stop(run);
  }

  forget(uid: string): void {
    for (const run of this.#runs.get(uid)?.values() ?? []) stop(run);
    this.#runs.delete(uid);
  }

  #find(status: ContainerStatus, type: ProbeType): Run | undefined {
    return this.#runs.get(status.labels[label.podUid] ?? '')?.get(keyOf(status, type));
  }

  /** Whether the container has such a probe that has not begun yet; asked before the first `follow`. */
  #has(status: ContainerStatus, type: ProbeType): boolean {
    return this.#find(status, type) !== undefined || status.annotations[probeAnnotation]?.includes(type) === true;
  }

  #begin(about: Pick<Run, 'pod' | 'podIp' | 'type' | 'probe' | 'container' | 'status'>): Run {
    const counts = { success: 0, failure: 0, unknown: 0 };
    const fresh = { verdict: undefined, last: undefined, inRow: 0, timer: undefined, stopped: false, counts };
    const run: Run = { ...about, ...fresh };
    run.verdict = before(about);
    if (run.type === 'startup' && run.verdict === true) {
      run.stopped = true;
      return run;
    }
    const { clock, random } = this.#options;
    const first = about.status.startedAt + (about.probe.initialDelaySeconds ?? 0) * 1000;
    // Containers that were there before the agent: not all at the same moment.
    const spread = about.status.startedAt < this.#startedAt ? random.next() * periodOf(about.probe) : 0;
    this.#schedule(run, Math.max(first, clock.now() + spread));
    return run;
  }

  #schedule(run: Run, at: number): void {
    if (run.stopped) return;
    const { clock } = this.#options;
    run.timer = clock.after(Math.max(0, at - clock.now()), () => void this.#tick(run));
  }

  async #tick(run: Run): Promise<void> {
    const begun = this.#options.clock.now();
    if (run.type === 'startup' || this.started(run.status)) this.#judge(run, await this.#probe(run));
    if (run.stopped) return;
    this.#schedule(run, begun + periodOf(run.probe));
  }

  async #probe(run: Run): Promise<Outcome> {
    const seconds = run.probe.timeoutSeconds ?? 1;
    const late = new AbortController();
    const timer = this.#options.clock.after(seconds * 1000, () => late.abort(new Error('the probe took too long')));
    try {
      return await this.#perform(run, seconds, late.signal);
    } catch (error) {
      return { result: 'unknown', output: messageOf(error) };
    } finally {
      timer.cancel();
    }
  }

  #perform(run: Run, seconds: number, signal: AbortSignal): Promise<Outcome> {
    const { exec, httpGet, tcpSocket, grpc } = run.probe;
    const { container, podIp } = run;
    if (exec !== undefined) return execProbe(this.#options.runtime, run.status.id, exec.command ?? [], seconds, signal);
    if (httpGet !== undefined) return httpProbe(httpGet, podIp, portNumber(container, httpGet.port), signal);
    if (tcpSocket !== undefined) {
      const host = tcpSocket.host === undefined || tcpSocket.host === '' ? podIp : tcpSocket.host;
      return tcpProbe(host, portNumber(container, tcpSocket.port), signal);
    }
    if (grpc !== undefined) return grpcProbe(podIp, grpc.port, grpc.service ?? '', seconds, signal);
    return Promise.resolve(failed('missing probe handler'));
  }

  #judge(run: Run, outcome: Outcome): void {
    if (run.stopped) return;
    run.counts[outcome.result] += 1;
    this.#tell(run, outcome);
    if (outcome.result === 'unknown') return;
    const good = outcome.result === 'success';
    run.inRow = run.last === good ? run.inRow + 1 : 1;
    run.last = good;
    if (run.inRow < thresholdOf(run.probe, good)) return;
    const changed = run.verdict !== good;
    run.verdict = good;
    if (run.type === 'startup' || (run.type === 'liveness' && !good)) stop(run);
    if (run.type === 'startup' && good) this.#release(run);
    if (changed) this.#options.onChange(run.pod.metadata.uid);
  }

  /** The container has started: readiness need not wait for its next turn. */
  #release(run: Run): void {
    for (const other of this.#runs.get(run.pod.metadata.uid)?.values() ?? []) {
      if (other.status.id !== run.status.id || other.type !== 'readiness' || other.stopped) continue;
      other.timer?.cancel();
      this.#schedule(other, this.#options.clock.now());
    }
  }

  #tell(run: Run, outcome: Outcome): void {
    const { events } = this.#options;
    const { name } = run.container;
    const word = words[run.type];
    if (outcome.result === 'failure') {
      events.pod(run.pod, 'Warning', 'Unhealthy', `${word} probe failed: ${outcome.output}`, name);
    } else if (outcome.result === 'unknown') {
      const message = `${word} probe errored and resulted in unknown state: ${outcome.output}`;
      events.pod(run.pod, 'Warning', 'Unhealthy', message, name);
    } else if (outcome.warning !== undefined) {
      events.pod(run.pod, 'Warning', 'ProbeWarning', `${word} probe warning: ${outcome.warning}`, name);
    }
  }
}

/** Which probes a container was made with, so that it is not taken for ready before they run. */
export const probeAnnotation = 'io.coracle.container.probes';
export const probeTypes = (container: AnyContainer): string =>
  types.filter((type) => container[`${type}Probe`] !== undefined).join(',');

const keyOf = (status: ContainerStatus, type: ProbeType): string => `${status.id}/${type}`;
const thresholdOf = ({ successThreshold = 1, failureThreshold = 3 }: Probe, good: boolean): number =>
  good ? successThreshold : failureThreshold;
const periodOf = (probe: Probe): number => (probe.periodSeconds ?? 10) * 1000;

function stop(run: Run): void {
  run.stopped = true;
  run.timer?.cancel();
}

/** What was known of the same container before the agent restarted. */
function before({ pod, type, status }: Pick<Run, 'pod' | 'type' | 'status'>): boolean | undefined {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const known = all.find((each) => each.containerID === containerId(status));
  if (known === undefined || type === 'liveness') return undefined;
  const value = type === 'startup' ? known.started : known.ready;
  // Only good news: bad ones may be from before the probe had spoken.
  return value === true ? true : undefined;
}
