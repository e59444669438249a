/** How one kind of container is run. The state machine around it is containers.ts. */
import type { ContainerRecord, ProcessIdentity, SandboxRecord } from './records.ts';

export interface Exit {
  readonly exitCode: number;
  /** Milliseconds since the epoch. */
  readonly finishedAt: number;
  readonly outOfMemory: boolean;
  /** Nobody was there to see it: the code is made up. */
  readonly unseen?: true;
}

/** What became of a container that was running or starting when the agent ended. */
export type Recovered =
  | { readonly state: 'running'; readonly process: ProcessIdentity | undefined; readonly startedAt: number }
  | { readonly state: 'exited'; readonly exit: Exit }
  /** It had not been let go: it can be started again. */
  | { readonly state: 'created' }
  /** It was not even that: its caller never heard of it. */
  | { readonly state: 'incomplete' };

export interface ContainerDriver {
  /** Brings what the process needs into place. Returns what was found out on the way. */
  prepare(record: ContainerRecord): Promise<Partial<ContainerRecord>>;
  /**
   * Resolves when the process runs. `created` is called when everything is there but the process has not been
   * let go; `exited` resolves when it ends, which may be before. Rejects with StartError.
   */
  start(
    record: ContainerRecord,
    sandbox: SandboxRecord,
    created: (process: ProcessIdentity | undefined) => void,
    exited: Promise<unknown>,
  ): Promise<void>;
  /** Sends a signal to the process; everything of the container when it is SIGKILL. */
  signal(record: ContainerRecord, signal: number): void;
  /** After the process has ended: ends what it left behind. Idempotent. */
  clean(record: ContainerRecord): Promise<void>;
  /** Takes away what `prepare` brought. Idempotent. */
  remove(record: ContainerRecord): Promise<void>;
  recover(record: ContainerRecord): Promise<Recovered>;
  /** The exit, when one has happened that was not reported; asked now and then. */
  missedExit(record: ContainerRecord): Exit | undefined;
}
