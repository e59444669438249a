/** What the control plane answers to `coracle why`. */
export interface DecisionAnswer {
  readonly known: boolean;
  readonly at?: string;
  readonly message?: string;
  readonly node?: string;
  readonly evaluated?: number;
  readonly rejected?: readonly {
    readonly node: string;
    readonly plugin: string;
    readonly reasons: readonly string[];
  }[];
  readonly scores?: readonly {
    readonly node: string;
    readonly total: number;
    readonly byPlugin: Readonly<Record<string, number>>;
  }[];
}

export interface ActivationAnswer {
  readonly key: string;
  readonly at: string;
  readonly milliseconds: number;
  readonly error?: string;
  readonly plan?: unknown;
}

export interface ControllerAnswer {
  readonly name: string;
  readonly depth: number;
  readonly active: number;
  readonly delayed: number;
  readonly reconciles: number;
  readonly failures: number;
  readonly retries: number;
  readonly last?: ActivationAnswer;
}

export interface ControllersAnswer {
  readonly controllers: readonly ControllerAnswer[];
  /** Of the object that was asked for. */
  readonly last?: ActivationAnswer;
}
