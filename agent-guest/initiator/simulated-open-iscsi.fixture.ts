/** iscsiadm(8) with iscsid and the kernel's sessions, as 2.1.8 of Debian 12 behaved when it was tried by hand. */
import { dirname } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Files } from "./simulated-files.fixture.ts";
import type { Network } from "./simulated-network.fixture.ts";
import { partsOf, SECRET_SETTINGS, type Settings, simulateRecords } from "./simulated-records.fixture.ts";

/** As the kernel shows them, with one of another program. */
const SOCKETS = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 10001 /run/dbus/system_bus_socket
0000000000000000: 00000002 00000000 00010000 0001 01 10002 @ISCSIADM_ABSTRACT_NAMESPACE
`;

interface Session {
  readonly number: number;
  readonly target: string;
  readonly portal: string;
  readonly transport: string;
}

export function simulateOpenIscsi(files: Files, network: Network) {
  const { defaults, ...kept } = simulateRecords(files);
  let sessions: Session[] = [];
  let count = 0;

  function iscsiadm(args: readonly string[]): string {
    const word = (flag: string) => (args.includes(flag) ? (args[args.indexOf(flag) + 1] ?? "") : "");
    const [mode, target, portal, op] = [word("-m"), word("-T"), word("-p"), word("-o")];
    const face = word("-I") || "default";
    if (mode === "discovery") return discover(portal, face, op);
    const open = sessions.filter((each) => each.target === target && each.portal === portal);
    if (args.includes("--logout") || args.includes("--rescan")) {
      if (open.length === 0) exit(21, "No matching sessions found");
      for (const each of open)
        if (args.includes("--logout")) end(each);
        else network.later(() => scan(each));
      return "";
    }
    if (op === "new") {
      kept.add(target, portal, face);
      return `New iSCSI node [${face} ${portal},-1 ${target}] added\n`;
    }
    const records = kept.of(target, portal);
    if (records.length === 0) exit(21, "No records found");
    for (const file of records)
      if (op === "update") kept.update(file, word("-n"), word("-v"));
      else if (op === "delete" && open.length > 0) exit(15, "a session is using the record");
      else if (op === "delete") kept.remove(file);
      else if (args.includes("--login")) logIn(kept.read(file), { target, portal, transport: transportOf(face) }, open);
      else exit(7, `not simulated: ${args.join(" ")}`);
    return "";
  }

  function isDaemonUp(): boolean {
    return files.read("/proc/net/unix")?.includes("@ISCSIADM_ABSTRACT_NAMESPACE") ?? false;
  }

  function needDaemon(): void {
    if (!isDaemonUp()) exit(20, "could not connect to iscsid");
  }

  function discover(portal: string, face: string, op: string): string {
    needDaemon();
    if (op !== "nonpersistent") exit(7, "what is found would be kept");
    const there = network.reached(portal, transportOf(face)).filter(({ name }) => !name.startsWith("nqn."));
    if (there.length === 0) exit(4, `cannot make connection to ${portal}: Connection refused`);
    return there.flatMap(({ name, portals }) => portals.map((each) => `${each},1 ${name}\n`)).join("");
  }

  function logIn(record: Settings, wanted: Omit<Session, "number">, open: readonly Session[]): void {
    needDaemon();
    const { target, portal, transport } = wanted;
    if (transportOf(record["iface.iscsi_ifacename"] ?? "") !== transport) exit(21, "No records found");
    const remote = network.find(target);
    if (!remote?.portals.includes(portal) || !remote.transports.includes(transport))
      return exit(8, "connection timed out");
    const { chap, sessionsMax = Infinity } = remote;
    const told = SECRET_SETTINGS.map((name) => record[name]);
    const isAsked = record["node.session.auth.authmethod"] === "CHAP";
    if (chap && !(isAsked && told[0] === chap.user && told[1] === chap.password)) exit(24, "authorization failure");
    const missing = Number(record["node.session.nr_sessions"]) - open.length;
    if (missing <= 0) exit(15, "session exists");
    for (let each = 0; each < missing; each++) {
      if (sessions.filter((session) => session.target === target).length >= sessionsMax) exit(5, "login failed");
      begin({ ...wanted, number: ++count });
    }
  }

  function begin(session: Session): void {
    const { number, target, portal, transport } = session;
    sessions.push(session);
    const [address = "", port = ""] = partsOf(portal);
    const values = { persistent_address: address, persistent_port: port };
    files.putValues(`${folderOf(session)}/iscsi_session/session${number}`, { targetname: target, state: "LOGGED_IN" });
    files.putValues(`${folderOf(session)}/iscsi_connection/connection${number}:0`, values);
    files.putValues(`${folderOf(session)}/scsi_host/host${number}`, { proc_name: `iscsi_${transport}` });
    for (const name of classesOf(session)) files.link(`/sys/class/${name}`, `${folderOf(session)}/${name}`);
    network.later(() => scan(session));
  }

  /** Each disk has its address below its session, and where it is called by its name there is a link to it. */
  function scan(session: Session): void {
    const { number, target } = session;
    if (!files.isThere("/sys/module/sd_mod") || !sessions.includes(session)) return;
    for (const lun of network.find(target)?.luns ?? []) {
      const device = `${folderOf(session)}/target${number}:0:0/${number}:0:0:${lun.number}`;
      if (files.isThere(device)) continue;
      const { name, index } = files.freeName((each) => `sd${String.fromCharCode(97 + each)}`);
      files.addDisk(`${device}/block/${name}`, `8:${16 * index}`, lun.sizeBytes);
      files.link(`${device}/block/${name}/device`, device);
      files.putValues(device, { wwid: lun.wwn });
      files.put(`${device}/vpd_pg80`, Buffer.from([0, 0x80, 0, lun.serial.length, ...Buffer.from(lun.serial)]));
    }
  }

  function end(session: Session): void {
    const links = (files.list("/sys/block") ?? []).map((name) => `/sys/block/${name}`);
    const own = links.filter((path) => files.readLink(path)?.includes(`/session${session.number}/`));
    for (const path of [...own, ...classesOf(session).map((name) => `/sys/class/${name}`)]) files.remove(path);
    files.remove(dirname(folderOf(session)));
    sessions = sessions.filter((each) => each !== session);
  }

  return {
    defaults,
    iscsiadm,
    startDaemon(): void {
      if (isDaemonUp()) exit(1, "can not bind IPC socket");
      files.put("/proc/net/unix", SOCKETS);
    },
    reset: () => void ([sessions, count] = [[], 0]),
  };
}

const transportOf = (face: string) => (face === "iser" ? "iser" : "tcp");
const folderOf = ({ number }: Session) => `/sys/devices/platform/host${number}/session${number}`;
const classesOf = ({ number }: Session) =>
  [`iscsi_session/session${number}`, `iscsi_connection/connection${number}:0`, `scsi_host/host${number}`] as const;

function exit(code: number, words: string): never {
  throw new SalvoError("program-failed", `exit code ${code}: iscsiadm: ${words}`);
}
