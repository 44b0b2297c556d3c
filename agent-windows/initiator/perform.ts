/** What is done to the host, by Salvo's scripts, and read back. */
import { type PortalPlace, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import { numberOf, textOf, truthOf } from "../powershell/fields.ts";
import type { PowerShell } from "../powershell/bridge.ts";
import { type AttachedDisk, attachedDisks } from "./luns.ts";
import type { Connect, LunIdentity, Op } from "./op.ts";
import { POLICY_CODES } from "./policies.ts";
import { type InitiatorState, parseState, type Session } from "./state.ts";

export interface PerformDeps {
  readonly powerShell: PowerShell;
  readonly readSecret: (name: string) => Promise<string>;
  /** Keeps that Windows must be restarted before MPIO begins. */
  readonly awaitRestart: () => Promise<void>;
  /** How long a disk may take to come; a test waits less. */
  readonly awaitMs: number;
}

const LOOK_MS = 1_000;
const SERVICE_SECONDS = 25;

export async function perform(op: Op, deps: PerformDeps): Promise<void> {
  const { powerShell } = deps;
  switch (op.type) {
    case "start-service": {
      const wanted = { Name: "MSiSCSI", Status: "Running", TimeoutSeconds: SERVICE_SECONDS };
      const status = textOf(await powerShell.call("service-set", wanted), "status");
      if (status !== "Running") throw new SalvoError("program-failed", `MSiSCSI is ${status} and not Running`);
      return;
    }
    case "enable-multipath":
      await deps.awaitRestart();
      await powerShell.call("mpio-enable", {});
      throw new SalvoError("wrong-state", "reboot needed: MPIO is enabled, and begins when Windows was restarted", {
        remedy: "Restart the host, wait until its agent is back, and plan again",
      });
    case "add-portal":
      return void (await powerShell.call("iscsi-portal", portalArguments("Add", op.portal)));
    case "remove-portal":
      return void (await powerShell.call("iscsi-portal", portalArguments("Remove", op.portal)));
    case "connect":
      return connect(op, deps);
    case "disconnect":
      for (const { id } of sessionsAt(op, await readState(powerShell)))
        await powerShell.call("iscsi-disconnect", { Session: id });
      return;
    case "confirm-sessions":
      return confirmSessions(op, powerShell);
    case "await-lun":
      return awaitLun(op, deps);
    case "set-policy":
      return setPolicy(op, powerShell);
    default:
      return unreachable(op);
  }
}

export async function readState(powerShell: PowerShell): Promise<InitiatorState> {
  return parseState(await powerShell.call("iscsi-state", {}));
}

function portalArguments(Action: "Add" | "Remove", { address, port }: PortalPlace) {
  return { Action, Address: address, Port: port };
}

async function connect({ target, portal, multipath, chap }: Connect, deps: PerformDeps): Promise<void> {
  await deps.powerShell.call("iscsi-connect", {
    Target: target,
    Address: portal.address,
    Port: portal.port,
    Multipath: multipath,
    ...(chap && { ChapUser: chap.user, ChapSecret: await deps.readSecret(chap.secret) }),
  });
}

interface Place {
  readonly target: string;
  readonly portal: PortalPlace;
}

function sessionsAt({ target, portal }: Place, { sessions }: InitiatorState): Session[] {
  return sessions.filter(
    (session) =>
      session.target === target &&
      session.portals.slice(0, 1).some((each) => shownPortal(each) === shownPortal(portal)),
  );
}

async function confirmSessions(
  { sessions: wanted, ...place }: Place & { readonly sessions: number },
  powerShell: PowerShell,
): Promise<void> {
  const found = sessionsAt(place, await readState(powerShell));
  const up = found.filter(({ connected }) => connected).length;
  if (found.length === wanted && up === wanted) return;
  throw new SalvoError(
    "program-failed",
    `Windows shows ${found.length} sessions to ${place.target} at ${shownPortal(place.portal)}, ${up} of them connected, and ${wanted} were made`,
  );
}

/** Throws `refused` for a disk at that place that is another, and `timeout` naming how many sessions lead to it. */
async function awaitLun(lun: LunIdentity, { powerShell, awaitMs }: PerformDeps): Promise<void> {
  const what = `LUN ${lun.lun} of ${lun.target}`;
  const attached = await untilThere(lun, what, powerShell, awaitMs);
  const { number, uniqueId, serial, offline } = attached.disk;
  if (!offline) return;
  const said = await powerShell.call("disk-online", { Number: number, UniqueId: uniqueId, Serial: serial });
  if (truthOf(said, "offline"))
    throw new SalvoError("program-failed", `${what}: Windows leaves its disk ${number} offline`, {
      remedy: "Look at the policy for new disks: in diskpart, type san",
    });
}

async function untilThere(
  lun: LunIdentity,
  what: string,
  powerShell: PowerShell,
  awaitMs: number,
): Promise<AttachedDisk> {
  await powerShell.call("iscsi-rescan", {});
  using signal = deadline(awaitMs, `waiting for the disk of ${what} over ${lun.paths} sessions`);
  for (;;) {
    const here = attachedDisks(await readState(powerShell)).filter((each) => each.target === lun.target);
    const found = here.filter((each) => each.lun === lun.lun);
    const wrong = found.map(({ disk }) => differs(disk, lun)).find((each) => each !== undefined);
    if (wrong !== undefined)
      throw new SalvoError("refused", `${what} is not what the target reported: ${wrong}`, {
        remedy: "Another target may have the same name or address: look at it with Get-IscsiSession and Get-Disk",
      });
    const [only, ...others] = found;
    if (others.length > 0)
      throw new SalvoError("refused", `${what} is ${found.length} disks: MPIO does not make one of its sessions`, {
        remedy: "Restart Windows if MPIO was enabled since, or ask for one session",
      });
    if (only?.sessions.length === lun.paths && only.disk.sizeBytes > 0n) return only;
    await sleep(LOOK_MS, { signal });
  }
}

/** What Windows does not tell of a disk is not what the target reported. */
function differs(disk: AttachedDisk["disk"], { wwn, serial, sizeBytes }: LunIdentity): string | undefined {
  const name = `disk ${disk.number}`;
  if (disk.wwn !== wwn) return `${name} is ${disk.wwn || disk.uniqueId || "without unique id"}, not ${wwn}`;
  if (serial !== "" && disk.serial !== serial)
    return `${name} has the serial number ${disk.serial || "none"}, not ${serial}`;
  if (sizeBytes > 0n && disk.sizeBytes > 0n && disk.sizeBytes !== sizeBytes)
    return `${name} has ${disk.sizeBytes} B, not ${sizeBytes} B`;
  return undefined;
}

async function setPolicy(op: Op & { readonly type: "set-policy" }, powerShell: PowerShell): Promise<void> {
  const policyNow = (state: InitiatorState) => {
    const attached = attachedDisks(state).find(({ target, lun }) => target === op.target && lun === op.lun);
    return state.multipath.disks.find(({ disk }) => disk === attached?.disk.number);
  };
  const before = policyNow(await readState(powerShell));
  if (!before) throw new SalvoError("program-failed", `MPIO has no disk for LUN ${op.lun} of ${op.target}`);
  const said = await powerShell.call("mpio-policy", { MultipathDisk: before.number, Policy: POLICY_CODES[op.policy] });
  const after = policyNow(await readState(powerShell));
  if (after?.policy === op.policy) return;
  const code = numberOf(said, "exitCode");
  throw new SalvoError(
    "program-failed",
    `mpclaim ended with ${code}, and MPIO Disk${before.number} has the policy ${after?.policy ?? "unknown"} and not ${op.policy}`,
    { remedy: "Look at what it supports: mpclaim -s -d" },
  );
}
