/** What open-iscsi keeps of each portal of a target: how to log in there. iscsiadm(8), and the files that it writes. */
import { type Attachment, Transport } from "@salvo/proto/storage_pb.ts";
import { type PortalPlace, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import type { Host } from "../provision/host.ts";
import { moduleId } from "../provision/modules.ts";
import type { Secrets } from "../provision/secrets.ts";
import { modulesOf } from "./base.ts";
import { DAEMON } from "./daemon.ts";
import { NODES } from "./places.ts";

export interface RecordDeps {
  readonly host: Host;
  readonly secrets: Secrets;
}

/** How long I/O waits for a session that was lost before it fails: a run must come to its end, and multipath to another path. */
const RECOVERY_S = 30;
/** What a session may have open, for all its LUNs: a power of two (iscsid.conf, node.session.cmds_max). */
const COMMANDS = 128;
/** Open to a LUN, where nothing else is wanted: as iscsid.conf comes (node.session.queue_depth). */
const DEPTH = 32;

export const recordId = (target: string, portal: PortalPlace) => `record ${target} ${shownPortal(portal)}`;

/** iscsiadm's words for a record. */
export function recordArgs(target: string, portal: PortalPlace): string[] {
  return ["-m", "node", "-T", target, "-p", shownPortal(portal)];
}

export function wantedRecord(attachment: Attachment, portal: PortalPlace, { secrets }: RecordDeps): Piece {
  const { target, transport, sessions, chap, queueDepth } = attachment;
  const login = chap && `${chap.user} (secret ${secrets.fingerprint(secrets.read(chap.secret))})`;
  const args = recordArgs(target, portal);
  const set = (name: string, value: string | number): Op => ({
    type: "run",
    program: "iscsiadm",
    args: [...args, "-o", "update", "-n", name, "-v", String(value)],
  });
  const face = faceOf(transport);
  const depth = queueDepth || DEPTH;
  const commands = 2 ** Math.ceil(Math.log2(Math.max(COMMANDS, depth)));
  return {
    ...base(target, portal, transport, String(sessions)),
    facts: {
      face,
      sessions: String(sessions),
      chap: login ?? "none",
      depth: String(depth),
      commands: String(commands),
      startup: "manual",
      recovery: String(RECOVERY_S),
    },
    make: [
      // What it does not answer to, it need not be asked to log in to; nothing is kept of it.
      {
        type: "run",
        program: "iscsiadm",
        args: ["-m", "discovery", "-t", "sendtargets", "-p", shownPortal(portal), "-I", face, "-o", "nonpersistent"],
        prints: ` ${target}`,
      },
      { type: "run", program: "iscsiadm", args: [...args, "-I", face, "-o", "new"] },
      set("node.startup", "manual"),
      set("node.session.timeo.replacement_timeout", RECOVERY_S),
      set("node.session.nr_sessions", sessions),
      set("node.session.queue_depth", depth),
      set("node.session.cmds_max", commands),
      ...(chap
        ? [
            set("node.session.auth.authmethod", "CHAP"),
            set("node.session.auth.username", chap.user),
            // Not by iscsiadm: others see the arguments of programs.
            {
              type: "append-secret",
              path: fileOf(target, portal),
              key: "node.session.auth.password",
              secret: chap.secret,
            } as const,
          ]
        : []),
    ],
  };
}

/** Of every target; what another program has kept in another form is told, and no more. */
export function foundRecords({ host, secrets }: RecordDeps): Found[] {
  return (host.list(NODES) ?? []).flatMap((target) =>
    (host.list(`${NODES}/${target}`) ?? []).map((entry) => {
      const [, address = "", port = ""] = /^([^,]+),(\d+)(?:,-?\d+)?$/.exec(entry) ?? [];
      if (port === "") return othersRecord(target, entry, `record ${target} ${entry}`);
      const portal = { address, port: Number(port) };
      const place = `${NODES}/${target}/${entry}`;
      // A discovery that keeps what it found makes a folder of it, which iscsiadm would take for ours.
      const text = host.list(place) === undefined ? host.read(place) : undefined;
      return text === undefined
        ? othersRecord(target, entry, recordId(target, portal))
        : findRecord(target, portal, text, secrets);
    }),
  );
}

function findRecord(target: string, portal: PortalPlace, text: string, secrets: Secrets): Found {
  const value = (name: string) => new RegExp(`^${name.replaceAll(".", "\\.")} = (.*)$`, "m").exec(text)?.[1] ?? "";
  const user = value("node.session.auth.username");
  const password = value("node.session.auth.password");
  const face = value("iface.iscsi_ifacename");
  const sessions = value("node.session.nr_sessions");
  return {
    ...base(target, portal, face === "iser" ? Transport.ISER : Transport.ISCSI, sessions),
    facts: {
      face,
      sessions,
      chap: user === "" ? "none" : `${user} (secret ${secrets.fingerprint(password)})`,
      depth: value("node.session.queue_depth"),
      commands: value("node.session.cmds_max"),
      startup: value("node.startup"),
      recovery: value("node.session.timeo.replacement_timeout"),
    },
    make: [],
  };
}

function base(target: string, portal: PortalPlace, transport: Transport, sessions: string) {
  const face = faceOf(transport);
  const args = [...recordArgs(target, portal), "-o", "delete"];
  const remove: Op[] = [{ type: "run", program: "iscsiadm", args }];
  return {
    id: recordId(target, portal),
    kind: "record",
    text: `record of ${target} at ${shownPortal(portal)}: ${face}, ${sessions} ${sessions === "1" ? "session" : "sessions"}`,
    needs: [DAEMON, ...modulesOf(transport).map(moduleId)],
    settings: {},
    remove,
  };
}

function othersRecord(target: string, entry: string, id: string): Found {
  return {
    id,
    kind: "record",
    text: `record of ${target}: ${entry}`,
    needs: [],
    facts: {},
    settings: {},
    make: [],
    remove: [],
  };
}

/** Each is there without being made: iscsiadm -m iface. */
export function faceOf(transport: Transport): string {
  return transport === Transport.ISER ? "iser" : "default";
}

function fileOf(target: string, { address, port }: PortalPlace): string {
  return `${NODES}/${target}/${address},${port}`;
}
