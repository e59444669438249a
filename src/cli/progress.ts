/** How far a command is: phases with their times, on stderr; nothing with --json. */
import type { CommandContext } from './command.ts';
import type { Progress } from './manager.ts';

export function progressOn({ args, terminal }: Pick<CommandContext, 'args' | 'terminal'>): Progress {
  if (args.is('json')) return { begin: () => {}, phase: () => {}, note: () => {} };
  const { dim } = terminal.color;
  return {
    begin: (what) => terminal.say(dim(`  ${what} ...`)),
    phase: (name, milliseconds) => terminal.say(`  ${name.padEnd(38)} ${dim(timeText(milliseconds))}`),
    note: (line) => terminal.say(line),
  };
}

export function timeText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
