/** Signals by name or number, as images and pods write them: `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`. Pure. */
import { constants } from 'node:os';

const realTimeMinimum = 34;
const realTimeMaximum = 64;

/** Throws RangeError for what is no signal. */
export function signalNumber(text: string): number {
  const name = text.trim().toUpperCase();
  if (/^\d+$/.test(name)) return inRange(Number(name), text);
  const realTime = /^(?:SIG)?RT(MIN|MAX)(?:([+-]\d+))?$/.exec(name);
  if (realTime !== null) {
    const base = realTime[1] === 'MIN' ? realTimeMinimum : realTimeMaximum;
    return inRange(base + Number(realTime[2] ?? 0), text);
  }
  const known = constants.signals as Readonly<Record<string, number | undefined>>;
  return inRange(known[name.startsWith('SIG') ? name : `SIG${name}`] ?? 0, text);
}

function inRange(signal: number, text: string): number {
  if (signal >= 1 && signal <= realTimeMaximum) return signal;
  throw new RangeError(`unknown signal "${text}"`);
}
