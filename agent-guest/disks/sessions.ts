/** The sessions and controllers by which a disk is reached, as the kernel calls them: session2, nvme0. */
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** Of a disk's folder in /sys; none of a disk that is no target's. A map has those of its paths. */
export function sessionsOf(folder: string): string[] {
  const [, session] = /\/(session\d+)\/target[\d:]+\//.exec(folder) ?? [];
  if (session !== undefined) return [session];
  if (/\/nvme-subsys\d+\/nvme\d+n\d+$/.test(folder))
    return readdirSync(join(folder, "device")).filter((name) => /^nvme\d+$/.test(name));
  return slavesOf(folder).flatMap(sessionsOf);
}

/** The folders of what a map is made of. */
export function slavesOf(folder: string): string[] {
  return readdirSync(join(folder, "slaves")).map((name) => realpathSync(join(folder, "slaves", name)));
}

/** Where its state is told: LOGGED_IN, FAILED; live, connecting. */
export function stateOf(session: string, sys = "/sys"): string {
  const parent = session.startsWith("session") ? "class/iscsi_session" : "class/nvme";
  return readFileSync(join(sys, parent, session, "state"), "latin1").trim();
}
