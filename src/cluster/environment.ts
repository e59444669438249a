/** What the commands work with. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Progress } from '../cli/manager.ts';
import type { Layout } from './layout.ts';

export interface CommandEnvironment {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder of the bundled programs. */
  readonly programs: string;
}

/** Of a command that takes a while, and tells how far it is. */
export interface EnvironmentWithProgress extends CommandEnvironment {
  readonly progress: Progress;
}
