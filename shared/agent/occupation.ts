import { SalvoError } from "../kernel/error.ts";

/** What the host is taken up with: a run, or a change of its storage. One at a time: a run measures what the other would take away. */
export interface Occupation {
  /** Until it is disposed of. Throws `wrong-state`, naming what goes on. */
  begin(what: string): Disposable;
  /** Throws as begin. */
  expectFree(): void;
}

export function openOccupation(agent: string): Occupation {
  let present: string | undefined;
  function expectFree(): void {
    if (present !== undefined)
      throw new SalvoError("wrong-state", `agent ${agent} is busy with ${present}`, { host: agent });
  }
  return {
    begin(what) {
      expectFree();
      present = what;
      return { [Symbol.dispose]: () => void (present = undefined) };
    },
    expectFree,
  };
}
