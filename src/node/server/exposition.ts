/** Prometheus' text format. */

export type Labels = Readonly<Record<string, string>>;
/** One series; `at` in milliseconds since the epoch. */
export type Line = readonly [labels: Labels, value: number, at?: number];

/** One metric with all of its series. */
export function family(name: string, type: 'counter' | 'gauge', help: string, lines: readonly Line[]): string {
  const text = lines.map(([labels, value, at]) => {
    const inside = Object.entries(labels).map(([key, each]) => `${key}=${JSON.stringify(each)}`);
    return `${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}${at === undefined ? '' : ` ${at}`}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text.join('')}`;
}
