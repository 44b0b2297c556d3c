/** What every benchmark is given; each uses what it needs. */
export interface BenchOptions {
  /** Its own, removed afterwards. */
  readonly folder: string;
  /** For what agents, controller and nats-server write: the same, or one on a disk that is not under test. */
  readonly dataFolder: string;
  readonly fio: string;
  readonly agents: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  /** How many records. */
  readonly samples: number;
  /** Progress, on standard error. */
  readonly say: (line: string) => void;
}
