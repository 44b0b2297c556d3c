/** Runs studies one after another, and tells whoever looks what is going on. */
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { StudyEvent } from "../service/study/events.ts";
import type { ConsoleState, QueuedStudy, StudyState } from "./state.ts";
import { createStudyView, type StudyView } from "./study-view.ts";

export interface Desk extends AsyncDisposable {
  state(): Omit<ConsoleState, "lab" | "version">;
  /** Puts a study at the end of the queue. Throws as its plan does; then nothing is queued. */
  start(file: string): Promise<void>;
  /** Stops the present study in order: its run is stopped and sealed. Throws `wrong-state` when it is not the present one. */
  stop(id: number): void;
  /** Takes a study that waits out of the queue. Throws `wrong-state` when it does not wait. */
  withdraw(id: number): void;
  /** Calls back at every change, until it is disposed of. */
  follow(onChange: () => void): Disposable;
}

export interface DeskDeps {
  /** Throws when the study cannot run: before it is queued, and again when its turn comes. */
  readonly check: (file: string) => Promise<void>;
  readonly run: (file: string, signal: AbortSignal) => Promise<AsyncIterable<StudyEvent>>;
}

interface Present extends QueuedStudy {
  readonly view: StudyView;
  readonly stop: AbortController;
}

export function openDesk({ check, run }: DeskDeps): Desk {
  const queue: QueuedStudy[] = [];
  const followers = new Set<() => void>();
  let ids = 0;
  let present: Present | undefined;
  let last: StudyState | undefined;
  let closed = false;
  let working: Promise<void> = Promise.resolve();

  const tell = () => {
    for (const follower of followers) follower();
  };

  function stateOf({ id, file, view, stop }: Present, problem?: string): StudyState {
    return { id, file, ...view.state(), stopping: stop.signal.aborted, ...(problem !== undefined && { problem }) };
  }

  async function work(): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const now: Present = { ...next, view: createStudyView(), stop: new AbortController() };
      present = now;
      tell();
      let problem: string | undefined;
      try {
        for await (const event of await run(now.file, now.stop.signal)) {
          now.view.add(event);
          tell();
        }
      } catch (error) {
        problem = toSalvoError(error).describe();
      }
      last = stateOf(now, problem);
      present = undefined;
      tell();
    }
  }

  return {
    state: () => ({ queue: [...queue], ...(present && { study: stateOf(present) }), ...(last && { last }) }),
    async start(file) {
      await check(file);
      if (closed) throw new SalvoError("wrong-state", "the controller is about to end: no study is taken any more");
      queue.push({ id: ++ids, file });
      if (!present && queue.length === 1) working = working.then(work);
      tell();
    },
    stop(id) {
      if (present?.id !== id) throw new SalvoError("wrong-state", "this study does not run any more");
      present.stop.abort(new SalvoError("cancelled", "stopped at the console"));
      tell();
    },
    withdraw(id) {
      const place = queue.findIndex((each) => each.id === id);
      if (place < 0) throw new SalvoError("wrong-state", "this study does not wait any more");
      queue.splice(place, 1);
      tell();
    },
    follow(onChange) {
      followers.add(onChange);
      return { [Symbol.dispose]: () => void followers.delete(onChange) };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      queue.length = 0;
      present?.stop.abort(new SalvoError("cancelled", "the controller ends"));
      await working;
    },
  };
}
