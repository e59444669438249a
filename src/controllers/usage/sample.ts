/** What a node tells at /metrics/resource, and the rates between two such answers: pure. */
export interface Sample {
  readonly node: Figures;
  /** By `namespace/pod/container`. */
  readonly containers: ReadonlyMap<string, Figures>;
}

export interface Figures {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface Usage {
  readonly at: number;
  /** Milliseconds. */
  readonly window: number;
  readonly cores: number;
  readonly memoryBytes: number;
}

type Open = { -readonly [K in keyof Figures]: Figures[K] };

const fieldOf: Readonly<Record<string, 'cpuSeconds' | 'memoryBytes'>> = {
  container_cpu_usage_seconds_total: 'cpuSeconds',
  container_memory_working_set_bytes: 'memoryBytes',
  node_cpu_usage_seconds_total: 'cpuSeconds',
  node_memory_working_set_bytes: 'memoryBytes',
};

const pattern = /^(?<name>\w+)(?:\{(?<labels>[^}]*)\})? (?<value>\S+)(?: (?<at>\d+))?$/u;

/** `now`: for lines without a time of their own. */
export function parseSample(text: string, now: number): Sample {
  const node: Open = { at: now, cpuSeconds: 0, memoryBytes: 0 };
  const containers = new Map<string, Open>();
  for (const line of text.split('\n')) {
    const { name = '', labels = '', value, at } = pattern.exec(line)?.groups ?? {};
    const field = fieldOf[name];
    if (field === undefined) continue;
    const figures = name.startsWith('node') ? node : containerAt(containers, labels, now);
    figures[field] = Number(value);
    if (field === 'cpuSeconds' && at !== undefined) figures.at = Number(at);
  }
  return { node, containers };
}

function containerAt(containers: Map<string, Open>, labels: string, at: number): Open {
  const value = (label: string): string => new RegExp(`(?:^|,)${label}="([^"]*)"`, 'u').exec(labels)?.[1] ?? '';
  const key = `${value('namespace')}/${value('pod')}/${value('container')}`;
  const figures = containers.get(key) ?? { at, cpuSeconds: 0, memoryBytes: 0 };
  containers.set(key, figures);
  return figures;
}

/** Undefined while there is no earlier answer, or when the counter began anew. */
export function usageBetween(before: Figures | undefined, after: Figures): Usage | undefined {
  if (before === undefined) return undefined;
  const { at, cpuSeconds, memoryBytes } = after;
  const window = at - before.at;
  if (window <= 0 || cpuSeconds < before.cpuSeconds) return undefined;
  return { at, window, cores: (cpuSeconds - before.cpuSeconds) / (window / 1000), memoryBytes };
}
