import { SalvoError } from "../kernel/error.ts";

/** What the host is taken up with: a run, a change of its storage, a test of its network. One at a time: each would be in the others' way. */
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
      throw new SalvoError("wrong-state", `agent ${agent} is in use by ${present}`, { host: agent });
  }
  return {
    expectFree,
    begin(what) {
      expectFree();
      present = what;
      return { [Symbol.dispose]: () => void (present = undefined) };
    },
  };
}
