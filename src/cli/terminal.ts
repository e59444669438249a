/** Where a command prints. Results go to stdout; progress and problems to stderr, so that output pipes well. */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line about what is happening, for people. */
  say(line: string): void;
  /** Text as it is, to stdout. */
  write(text: string | Uint8Array): void;
  /** Asks for yes; false without a terminal. */
  confirm(question: string): Promise<boolean>;
  readonly color: Palette;
}

export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
}

const plain = (text: string): string => text;
const coded =
  (code: number) =>
  (text: string): string =>
    `\u001B[${code}m${text}\u001B[0m`;

export const plainPalette: Palette = { bold: plain, dim: plain, red: plain, green: plain };
const colorPalette: Palette = { bold: coded(1), dim: coded(2), red: coded(31), green: coded(32) };

/** Colours only where both streams are terminals, and not when NO_COLOR or TERM say so. */
export function systemTerminal(): Terminal {
  const { NO_COLOR = '', TERM } = process.env;
  const colorful = process.stdout.isTTY && process.stderr.isTTY && NO_COLOR === '' && TERM !== 'dumb';
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    write: (text) => void process.stdout.write(text),
    confirm,
    color: colorful ? colorPalette : plainPalette,
  };
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
  } finally {
    reader.close();
  }
}

/** Rows as aligned columns with a heading, as kubectl prints them. */
export function columns(heading: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd((widths[at] ?? 0) + 3))
      .join('')
      .trimEnd(),
  );
}

/** `93.1 MiB`. */
export function byteText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `3d4h`, `2m10s`: two parts at most. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join('');
}
