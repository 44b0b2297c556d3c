import { realpathSync, statSync } from "node:fs";
import type { SessionState } from "@salvo/shared/agent/domain/session-changes.ts";
import { deviceNumber } from "./disk.ts";
import { stateOf, sessionsOf } from "./disks/sessions.ts";
import { foundSessions, isUp, portalOf } from "./initiator/sessions.ts";
import { linuxHost } from "./provision/host.ts";

/** Of a disk of a target: a reader of the states of its sessions or controllers, which are those that it has now. */
export function findSessions(path: string, sys = "/sys"): (() => readonly SessionState[]) | undefined {
  const found = statSync(path);
  if (!found.isBlockDevice()) return undefined;
  const names = sessionsOf(realpathSync(`${sys}/dev/block/${deviceNumber(found.rdev)}`));
  if (names.length === 0) return undefined;
  const known = new Map(foundSessions(linuxHost).map((session) => [session.name, portalOf(session)]));
  const told = names.map((name) => ({ name, text: `${name} to ${known.get(name) ?? "its portal"}` }));
  return () => told.map(({ name, text }) => ({ text, ...readState(name) }));
}

/** A session that is gone is in no state at all. */
function readState(name: string): Pick<SessionState, "state" | "up"> {
  try {
    const state = stateOf(name);
    return { state, up: isUp({ state }) };
  } catch {
    return { state: "gone", up: false };
  }
}
