/** Scripts answered in this process, by a simulated host: for tests that call them thousands of times. */
import { answerOf, type Json } from "./answer.ts";
import type { PowerShell, ScriptName } from "./bridge.ts";

/** What goes wrong with a script that changes something: it is not done; or it is, and nobody gets to know. */
export type Fault = "before" | "after" | undefined;

/** Undefined: this host has no such script. */
export type Answering = (script: ScriptName, parameters: Json) => Json | undefined;

export interface Simulated extends PowerShell {
  /** The scripts that changed something. */
  readonly changes: { readonly script: ScriptName; readonly parameters: Json }[];
}

const READS: ReadonlySet<ScriptName> = new Set([
  "iscsi-state",
  "starwind-state",
  "service-state",
  "host-facts",
  "file-access",
  "process-ids",
]);

export function inProcess(answering: Answering, faults: readonly Fault[] = []): Simulated {
  const left = [...faults];
  const changes: { script: ScriptName; parameters: Json }[] = [];
  return {
    changes,
    async call(script, parameters) {
      const fault = READS.has(script) ? undefined : left.shift();
      if (fault === "before") return answerOf({ script, ...failing("on purpose, before") });
      if (!READS.has(script)) changes.push({ script, parameters });
      const printed = answered(script, parameters, answering);
      if (fault === "after") return answerOf({ script, ...failing("on purpose, after") });
      return answerOf({ script, ...printed });
    },
  };
}

function answered(script: ScriptName, parameters: Json, answering: Answering) {
  try {
    const result = answering(script, parameters);
    if (result === undefined) return failing(`nobody simulates ${script}`);
    return { stdout: JSON.stringify({ result }), stderr: "", exitCode: 0 };
  } catch (error) {
    return failing(error instanceof Error ? error.message : String(error));
  }
}

function failing(message: string) {
  return { stdout: JSON.stringify({ error: { message, category: "NotSpecified" } }), stderr: "", exitCode: 1 };
}
