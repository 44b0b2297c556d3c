import { existsSync } from "node:fs";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import { readConsole } from "./guest.ts";
import { guestPlaces } from "./places.ts";
import { AGENT_PORT, type HostPlan, type LabPlan } from "./plan.ts";
import { isAlive, type ProcessIdentity } from "./processes.ts";

/** Calls agents as their controller does. Throws `unavailable` or `timeout` where nobody answers. */
export interface AgentCalls extends Disposable {
  describe(
    agent: { readonly id: string; readonly address: string; readonly roles: readonly string[] },
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<unknown>;
}

export interface AwaitOptions {
  readonly folder: string;
  readonly plan: LabPlan;
  readonly lab: LabFolder;
  readonly openCalls: (lab: LabFolder) => AgentCalls;
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly readyMs?: number;
}

/** For emulated guests on a host that is busy with much else. */
const READY_MS = 240_000;
const LOOK_MS = 100;
const ANSWER_MS = 5_000;

/** Returns when all agents answer. Throws when a guest ends or takes too long, with the last lines of its console. */
export async function awaitAgents(options: AwaitOptions): Promise<void> {
  const { folder, plan, lab, processes, say, signal, readyMs = READY_MS } = options;
  const startedMs = performance.now();
  using calls = options.openCalls(lab);
  const failed = new AbortController();
  using within = deadline(readyMs, "starting the guests", signal, failed.signal);
  await Promise.all(
    [...plan.guests, ...(plan.hypervisor ? [plan.hypervisor] : [])].map(async (guest) => {
      try {
        await awaitAgent(guest);
      } catch (error) {
        failed.abort(error); // the others need not be waited for
        throw error;
      }
    }),
  );

  async function awaitAgent(guest: HostPlan): Promise<void> {
    const places = guestPlaces(folder, guest.id);
    let told = 0;
    let joined = false;
    for (;;) {
      const { said, tail } = await readConsole(places);
      for (const line of said.slice(told)) tell(guest, line);
      told = said.length;
      const machine = processes[guest.id];
      if (!machine || !(await isAlive(machine))) throw notUp("program-failed", "has ended", guest, tail);
      // The agent removes its token when the lab has taken it.
      if (!joined && !existsSync(places.token)) {
        joined = true;
        tell(guest, "has joined the lab");
      }
      if (joined && (await answers(calls, guest, within))) return tell(guest, "its agent answers");
      try {
        await sleep(LOOK_MS, { signal: within });
      } catch (error) {
        const { kind } = toSalvoError(error);
        throw kind === "timeout" ? notUp(kind, `is not up after ${readyMs / 1000} s`, guest, tail) : error;
      }
    }
  }

  function tell({ id }: HostPlan, what: string): void {
    say(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${id.padEnd(8)} ${what}`);
  }
}

function notUp(kind: "program-failed" | "timeout", what: string, { id }: HostPlan, tail: string): SalvoError {
  return new SalvoError(kind, `${id} ${what}; the last of its console:\n${tail}`, {
    remedy: "The whole console is in console.log in the guest's folder",
  });
}

/** False when nobody listens there yet; every other failure is one. */
async function answers(calls: AgentCalls, { id, management, roles }: HostPlan, signal: AbortSignal): Promise<boolean> {
  try {
    const address = `${management}:${AGENT_PORT}`;
    await calls.describe({ id, address, roles }, { deadlineMs: ANSWER_MS, signal });
    return true;
  } catch (error) {
    const { kind } = toSalvoError(error);
    if (kind === "unavailable" || kind === "timeout") return false;
    throw error;
  }
}
