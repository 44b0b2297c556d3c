import type { Fault, HostState } from "../state/state.ts";

/** The fault that meets a command line, used up by one. Options before the namespace, as `--formatter=json`, do not matter. */
export function takeFault(state: HostState, name: string, args: readonly string[]): Fault | undefined {
  const first = args.findIndex((word) => !word.startsWith("--"));
  const line = `${[name, ...args.slice(Math.max(first, 0))].join(" ")} `;
  const fault = state.faults.find(({ command }) => line.startsWith(`${command} `));
  if (fault?.times === undefined) return fault;
  if (fault.times > 1) fault.times -= 1;
  else state.faults = state.faults.filter((each) => each !== fault);
  return fault;
}
