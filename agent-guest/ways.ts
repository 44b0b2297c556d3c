import { realpathSync, statSync } from "node:fs";
import type { WayState } from "@salvo/shared/agent/domain/way-changes.ts";
import { deviceNumber } from "./disk.ts";
import { stateOf, waysOf } from "./disks/ways.ts";
import { foundWays, isUp, portalOf } from "./initiator/ways.ts";
import { linuxHost } from "./provision/host.ts";

/** Of a disk of a target: a reader of the states of its sessions or controllers, which are those that it has now. */
export function findWays(path: string, sys = "/sys"): (() => readonly WayState[]) | undefined {
  const found = statSync(path);
  if (!found.isBlockDevice()) return undefined;
  const names = waysOf(realpathSync(`${sys}/dev/block/${deviceNumber(found.rdev)}`));
  if (names.length === 0) return undefined;
  const known = new Map(foundWays(linuxHost).map((way) => [way.name, portalOf(way)]));
  const told = names.map((name) => ({ name, text: `${name} to ${known.get(name) ?? "its portal"}` }));
  return () => told.map(({ name, text }) => ({ text, ...readState(name) }));
}

/** A session that is gone is in no state at all. */
function readState(name: string): Pick<WayState, "state" | "up"> {
  try {
    const state = stateOf(name);
    return { state, up: isUp({ state }) };
  } catch {
    return { state: "gone", up: false };
  }
}
