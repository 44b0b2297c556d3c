/**
 * The iSCSI initiator and MPIO of a simulated Windows Server, as Salvo's scripts see them. Messages are those of Windows' own
 * initiator (iscsierr.h); what mpclaim prints is from domain captures of Windows Server 2012 R2. It shares no code with the agent.
 */

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface SimulatedLun {
  readonly number: number;
  readonly uniqueId: string;
  /** MSFT_Disk.UniqueIdFormat: 2 EUI64, 3 FCPH Name, 0 vendor specific. */
  readonly format: number;
  readonly serial: string;
  readonly bytes: number;
}

export interface SimulatedTarget {
  readonly name: string;
  readonly portals: readonly Place[];
  readonly luns: readonly SimulatedLun[];
  readonly chap?: { readonly user: string; readonly secret: string };
  readonly sessionsMax?: number;
}

interface Session {
  readonly id: string;
  readonly target: string;
  readonly portal: Place;
  readonly chap: boolean;
  connected: boolean;
  readonly luns: { readonly lun: number; readonly disk: number }[];
}

interface Disk extends Omit<SimulatedLun, "number"> {
  readonly number: number;
  offline: boolean;
  /** Of MPIO, when it is one. */
  mpio?: { readonly number: number; policy: string };
}

export interface IscsiWorld {
  targets: SimulatedTarget[];
  service: "Running" | "Stopped";
  readonly initiator: string;
  mpio: { installed: "Available" | "Installed" | "InstallPending"; claimed: boolean; runs: boolean };
  portals: Place[];
  sessions: Session[];
  disks: Disk[];
  next: number;
  /** Looks at the host before a new disk is there. */
  looksUntilDisks: number;
  /** Windows takes mpclaim's command, and does nothing. */
  ignoresPolicies?: boolean;
  /** As the policy for new disks may have it. */
  keepsOffline?: boolean;
}

export function iscsiWorld(targets: readonly SimulatedTarget[]): IscsiWorld {
  return {
    targets: [...targets],
    service: "Stopped",
    initiator: "iqn.1991-05.com.microsoft:win1",
    mpio: { installed: "Available", claimed: false, runs: false },
    portals: [],
    sessions: [],
    disks: [{ number: 0, uniqueId: "5000C500A1B2C3D4", format: 3, serial: "ZA1", bytes: 2 ** 38, offline: false }],
    next: 1,
    looksUntilDisks: 0,
  };
}

/** What is not persistent is gone; what waited for a restart begins. */
export function restart(world: IscsiWorld): void {
  world.sessions = [];
  world.disks = world.disks.slice(0, 1);
  world.service = "Stopped";
  if (world.mpio.installed === "InstallPending") world.mpio.installed = "Installed";
  world.mpio.runs = world.mpio.claimed && world.mpio.installed === "Installed";
}

type Parameters = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

/** Undefined: no script of the initiator. Throws what PowerShell's error would say. */
export function iscsiAnswer(world: IscsiWorld, script: string, given: Parameters): Answer | undefined {
  switch (script) {
    case "iscsi-state":
      return state(world);
    case "iscsi-portal":
      return portal(world, String(given["Action"]), placeOf(given));
    case "iscsi-connect":
      return connect(world, given);
    case "iscsi-disconnect":
      return disconnect(world, String(given["Session"]));
    case "iscsi-rescan":
      return { done: true };
    case "mpio-enable":
      if (world.mpio.installed === "Available") world.mpio.installed = "InstallPending";
      world.mpio.claimed = true;
      return { done: true };
    case "mpio-policy":
      return setPolicy(world, Number(given["MultipathDisk"]), Number(given["Policy"]));
    case "disk-online":
      return online(world, given);
    case "service-set":
      if (given["Name"] !== "MSiSCSI") return undefined;
      world.service = given["Status"] === "Running" ? "Running" : "Stopped";
      return { status: world.service };
    default:
      return undefined;
  }
}

function placeOf(given: Parameters): Place {
  return { address: String(given["Address"]), port: Number(given["Port"]) };
}

const samePlace = (one: Place, other: Place) => one.address === other.address && one.port === other.port;

function state(world: IscsiWorld): Answer {
  const isNew = world.looksUntilDisks > 0;
  if (isNew) world.looksUntilDisks--;
  const runs = world.service === "Running";
  const shows = world.mpio.installed === "Installed";
  return {
    service: world.service,
    initiators: runs ? ["0000000000000000", world.initiator] : [],
    multipath: {
      installed: world.mpio.installed,
      claimed: shows && world.mpio.claimed,
      policies: shows ? listing(world) : [],
    },
    portals: runs ? world.portals : [],
    sessions: world.sessions.map(({ id, target, connected, chap, portal, luns }) => ({
      id,
      target,
      connected,
      authentication: chap ? "ONEWAYCHAP" : "NONE",
      connections: connected ? [portal] : [],
      luns: isNew ? [] : luns,
    })),
    disks: world.disks.map(({ number, uniqueId, format, serial, bytes, offline }) => ({
      number,
      uniqueId,
      uniqueIdFormat: format,
      serial,
      bytes: String(bytes),
      offline,
    })),
  };
}

function listing({ disks }: IscsiWorld): string[] {
  const lines = disks.flatMap(({ number, mpio }) =>
    mpio ? [`MPIO Disk${mpio.number}   Disk ${number}       ${mpio.policy.padEnd(12)} Microsoft DSM`] : [],
  );
  if (lines.length === 0) return ["", "No MPIO disks are present."];
  return [
    "",
    "For more information about a particular disk, use 'mpclaim -s -d #' where # is the MPIO disk number.",
    "",
    "MPIO Disk    System Disk  LB Policy    DSM Name",
    "-".repeat(79),
    ...lines,
  ];
}

function portal(world: IscsiWorld, action: string, place: Place): Answer {
  if (world.service !== "Running") throw new Error("Connection to the iSCSI service failed. ");
  const known = world.portals.some((each) => samePlace(each, place));
  if (action === "Add") {
    if (!world.targets.some(({ portals }) => portals.some((each) => samePlace(each, place))))
      throw new Error("Connection Failed. ");
    if (!known) world.portals.push(place);
    return { done: true };
  }
  if (!known) throw new Error("No MSFT_iSCSITargetPortal objects found. ");
  world.portals = world.portals.filter((each) => !samePlace(each, place));
  return { done: true };
}

function connect(world: IscsiWorld, given: Parameters): Answer {
  const place = placeOf(given);
  const target = world.targets.find(({ name }) => name === given["Target"]);
  const discovered = target?.portals.some((each) => world.portals.some((known) => samePlace(each, known)));
  if (!target || !discovered) throw new Error("The target name is not found or is marked as hidden from login. ");
  if (!target.portals.some((each) => samePlace(each, place))) throw new Error("Connection Failed. ");
  const { chap } = target;
  if (chap && (chap.user !== given["ChapUser"] || chap.secret !== given["ChapSecret"]))
    throw new Error("Authentication Failure. ");
  const own = world.sessions.filter((session) => session.target === target.name);
  if (own.length > 0 && given["Multipath"] !== true)
    throw new Error("The target has already been logged in via an iSCSI session. ");
  if (own.length >= (target.sessionsMax ?? 64)) throw new Error("Target error. ");
  const id = `fffffa800d008430-4000013700${(world.next++).toString(16).padStart(6, "0")}`;
  const luns = target.luns.map(({ number, ...lun }) => ({ lun: number, disk: diskFor(world, own, number, lun) }));
  world.sessions.push({
    id,
    target: target.name,
    portal: place,
    chap: given["ChapUser"] !== undefined && given["ChapUser"] !== "",
    connected: true,
    luns,
  });
  return { session: id };
}

/** MPIO makes one disk of all sessions; without it each has its own. */
function diskFor(world: IscsiWorld, own: readonly Session[], lun: number, facts: Omit<SimulatedLun, "number">): number {
  const other = own[0]?.luns.find((each) => each.lun === lun);
  if (other && world.mpio.runs) return other.disk;
  const number = world.next++;
  const disk: Disk = { number, ...facts, offline: true };
  // Every disk of a bus that MPIO claims is one of MPIO's, with one path too.
  if (world.mpio.runs) disk.mpio = { number: world.next++, policy: "RR" };
  world.disks.push(disk);
  return number;
}

function disconnect(world: IscsiWorld, id: string): Answer {
  if (!world.sessions.some((session) => session.id === id)) throw new Error("The specified session does not exist. ");
  world.sessions = world.sessions.filter((session) => session.id !== id);
  const used = new Set(world.sessions.flatMap(({ luns }) => luns.map(({ disk }) => disk)));
  world.disks = world.disks.filter(({ number }) => number === 0 || used.has(number));
  return { done: true };
}

const POLICIES: Readonly<Record<number, string>> = { 2: "RR", 4: "LQD", 6: "LB" };

function setPolicy(world: IscsiWorld, number: number, policy: number): Answer {
  const disk = world.disks.find(({ mpio }) => mpio?.number === number);
  if (!disk?.mpio) return { exitCode: 1168, said: ["Element not found."] };
  if (!world.ignoresPolicies) disk.mpio.policy = POLICIES[policy] ?? "VS";
  return { exitCode: 0, said: ["", "Success"] };
}

function online(world: IscsiWorld, given: Parameters): Answer {
  const disk = world.disks.find(({ number }) => number === given["Number"]);
  if (!disk)
    throw new Error(`No MSFT_Disk objects found with property 'Number' equal to '${String(given["Number"])}'.`);
  if (disk.uniqueId !== given["UniqueId"]) throw new Error(`disk ${disk.number} is now ${disk.uniqueId}`);
  if (disk.serial !== given["Serial"]) throw new Error(`disk ${disk.number} has another serial number`);
  if (!world.keepsOffline) disk.offline = false;
  return { offline: disk.offline };
}
