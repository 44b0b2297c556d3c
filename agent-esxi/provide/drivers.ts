/** Drivers that a host does not have from its installer: installed in maintenance mode, and in force after a new start. */
import type { DriverBundle } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { fieldsOf } from "../read/answer.ts";
import { readList } from "../read/formats.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { esxcli } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { refuseRunningVms } from "./vms.ts";

const MAINTENANCE_ID = "maintenance";
const RUNNING_ID = "drivers-running";
const bundleId = (bundle: string) => `driver-bundle ${bundle}`;

/** One that somebody else has switched on is not ended, and so the agent does nothing in it. */
function maintenancePiece() {
  return confirmed({
    id: MAINTENANCE_ID,
    kind: "maintenance",
    text: "maintenance mode",
    needs: [],
    facts: {},
    make: [{ type: "enter-maintenance" }],
    remove: [LEAVE],
  });
}

const LEAVE = esxcli("system", "maintenanceMode", "set", "-e", "false");

export async function foundMaintenance(facts: Facts): Promise<Found[]> {
  const mode = await facts.get("system maintenanceMode get");
  return mode?.title === "Enabled" ? [maintenancePiece()] : [];
}

/** What a plan for drivers does is to be read in it, so a host that has them all has nothing to do. */
export async function wantedDrivers(drivers: readonly DriverBundle[], facts: Facts): Promise<Piece[]> {
  const all = drivers.flatMap(({ vibs }) => vibs);
  const { running } = drivers.length > 0 ? await readVibs(facts) : NO_VIBS;
  const isRunning = all.every(({ name, version }) => running.has(vibKey(name, version)));
  if (isRunning) return [];
  await refuseRunningVms(facts);
  return [
    maintenancePiece(),
    ...drivers.map((driver) => bundlePiece(driver)),
    {
      id: RUNNING_ID,
      kind: "drivers-running",
      text: "these drivers, by a new start of the host",
      needs: [MAINTENANCE_ID, ...drivers.map(({ bundle }) => bundleId(bundle))],
      facts: {},
      settings: {},
      make: [
        { type: "reboot" },
        { type: "confirm-vibs", vibs: all.map(({ name, version }) => vibKey(name, version)) },
        LEAVE,
        { type: "confirm-gone", kind: "maintenance", id: MAINTENANCE_ID },
      ],
      remove: [],
      shared: "stays",
    },
  ];
}

/** Bundles whose VIBs are all there, in force or after the next start. */
export async function foundDrivers(drivers: readonly DriverBundle[], facts: Facts): Promise<Found[]> {
  if (drivers.length === 0) return [];
  const { running, next } = await readVibs(facts);
  const isThere = (key: string) => running.has(key) || next.has(key);
  return drivers
    .filter(({ vibs }) => vibs.every(({ name, version }) => isThere(vibKey(name, version))))
    .map((driver) => bundlePiece(driver));
}

function bundlePiece({ bundle, sha256, vibs }: DriverBundle): Piece {
  const keys = vibs.map(({ name, version }) => vibKey(name, version));
  return {
    id: bundleId(bundle),
    kind: "driver-bundle",
    text: `drivers of ${bundle}: ${keys.join(", ")}`,
    needs: [],
    facts: {},
    settings: {},
    make: [{ type: "install-bundle", bundle, sha256, vibs: keys }],
    remove: [],
    // Others may have come to need them, and what they replaced does not come back.
    shared: "stays",
  };
}

export const vibKey = (name: string, version: string) => `${name} ${version}`;

interface Vibs {
  readonly running: ReadonlySet<string>;
  /** VIBs that the next start of the host brings into force. Empty when nothing waits for a restart. */
  readonly next: ReadonlySet<string>;
}

const NO_VIBS: Vibs = { running: new Set(), next: new Set() };

export async function readVibs(facts: Facts): Promise<Vibs> {
  const keys = (text: string) =>
    new Set(fieldsOf(readList(text, "text")).map((vib) => vibKey(vib.text("Name"), vib.text("Version"))));
  const running = keys(await facts.print("esxcli", "software", "vib", "list"));
  if (running.size === 0) throw new SalvoError("program-failed", "the host lists no VIB at all", { host: facts.host });
  return { running, next: keys(await facts.tryPrint("esxcli", "software", "vib", "list", "--rebooting-image")) };
}
