import { createLines, setUpFailure } from "../../fio/set-up-failure.ts";

/** What fio says until its gate opens. */
export interface SetUpWatch {
  /** One for each stream, as lines must not be mixed. */
  readonly sawStdout: (chunk: Buffer) => void;
  readonly sawStderr: (chunk: Buffer) => void;
  /** The first failure of a job, in a sentence; stays open without one. */
  readonly failed: Promise<string>;
  /** The gate opens: what fio says from now on is no failure to be set up. */
  end(): void;
}

export function watchSetUp(): SetUpWatch {
  const { promise: failed, resolve: fail } = Promise.withResolvers<string>();
  let over = false;
  const watcher = () => {
    const lines = createLines();
    return (chunk: Buffer) => {
      if (over) return;
      const failure = lines(chunk)
        .map(setUpFailure)
        .find((each) => each !== undefined);
      if (failure !== undefined) fail(failure);
    };
  };
  return { sawStdout: watcher(), sawStderr: watcher(), failed, end: () => void (over = true) };
}
