/** Sessions to one target: those that the host opens by itself, and as many more as are wanted. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Esxi } from "../esxi.ts";
import { adapterName, type AdapterRef } from "./adapters.ts";
import { openFacts } from "./facts.ts";
import { readSessions, type Session } from "./logins.ts";
import type { LogIn } from "./op.ts";

/** A rescan logs in, once from each bound port to each portal; further sessions are made as copies of the first. */
export async function logIn({ adapter: ref, target, sessions }: LogIn, esxi: Esxi): Promise<void> {
  const adapter = await adapterName(ref, await openFacts(esxi));
  let there = await sessionsTo(ref, target, esxi);
  if (there.length === 0) {
    await esxi.run(["esxcli", "storage", "core", "adapter", "rescan", "--adapter", adapter]);
    there = await sessionsTo(ref, target, esxi);
  }
  while (there.length < sessions) {
    const [first] = there;
    const copy = first ? ["-s", first.isid] : [];
    await esxi.run(["esxcli", "iscsi", "session", "add", "-A", adapter, "-n", target, ...copy]);
    const now = await sessionsTo(ref, target, esxi);
    if (now.length <= there.length)
      throw new SalvoError("program-failed", `the host took the command, and has ${now.length} sessions to ${target}`, {
        host: esxi.name,
        remedy: "Look at /var/log/vmkernel.log on the host: it says why a session was not opened",
      });
    there = now;
  }
  if (there.length > sessions)
    throw new SalvoError(
      "refused",
      `${there.length} sessions to ${target} came of ${ref}, and ${sessions} are wanted`,
      {
        host: esxi.name,
        remedy: "Each bound port opens a session to each portal: bind fewer ports, or ask for as many sessions",
      },
    );
}

async function sessionsTo(ref: AdapterRef, target: string, esxi: Esxi): Promise<Session[]> {
  const sessions = await readSessions(await openFacts(esxi));
  return sessions.filter((each) => each.ref === ref && each.target === target);
}
