/** `iscsi session`. Source: captures of 5.1; the options are those of a generated list of a 5.x host. */
import { CommandFailure } from "../failure.ts";
import { type Block, nothing } from "../format/output.ts";
import type { HostState, Session } from "../state/state.ts";
import { adapterNamed } from "../world/adapters.ts";
import { addSession, login, logout } from "../world/fabric.ts";
import { type Command, type Given, str } from "./command.ts";
import { ADAPTER } from "./iscsi-options.ts";

const TARGET = str("name", "n", "The iscsi target name.");
const ISID = str("isid", "s", "The iSCSI initiator session identifier.");
const FILTERS = [str("adapter", "A", "The iscsi adapter name. (vmhbaX)"), TARGET, ISID];

export const sessionCommands: readonly Command[] = [
  {
    path: "iscsi session add",
    help: "Login to targets, or duplicate a session.",
    options: [ADAPTER, TARGET, str("isid", "s", "The iSCSI initiator session identifier of the session to duplicate.")],
    run: ({ state, options, nowMs }) => {
      const adapter = adapterNamed(state, options.text("adapter"));
      if (!options.has("isid")) {
        login(state, adapter, nowMs);
        return nothing;
      }
      const [model] = chosen(state, options);
      if (model === undefined) throw new CommandFailure("The session to duplicate was not found");
      addSession(state, adapter, model.target, model.portal, model.vmk, nowMs);
      return nothing;
    },
  },
  {
    path: "iscsi session remove",
    help: "Logout sessions from targets.",
    options: [ADAPTER, TARGET, ISID],
    run: ({ state, options }) => {
      adapterNamed(state, options.text("adapter"));
      const gone = chosen(state, options);
      if (gone.length === 0) throw new CommandFailure("No such session");
      logout(state, (session) => gone.includes(session));
      return nothing;
    },
  },
  {
    path: "iscsi session list",
    help: "List sessions.",
    options: FILTERS,
    run: ({ state, options }) => ({
      kind: "blocks",
      type: "Session",
      blocks: chosen(state, options).map((session): Block => ({
        heading: [session.adapter, session.target, session.isid].join(","),
        fields: [
          ["Adapter", session.adapter],
          ["Target", session.target],
          ["ISID", session.isid],
          ["TargetPortalGroupTag", state.outside.targets.find(({ iqn }) => iqn === session.target)?.tpgt ?? 1],
          ["AuthenticationMethod", "none"],
          ["DataPduInOrder", true],
          ["DataSequenceInOrder", true],
          ["DefaultTime2Retain", 0],
          ["DefaultTime2Wait", 2],
          ["ErrorRecoveryLevel", 0],
          ["FirstBurstLength", 65_536],
          ["ImmediateData", true],
          ["InitialR2T", true],
          ["MaxBurstLength", 262_144],
          ["MaxConnections", 1],
          ["MaxOutstandingR2T", 1],
          ["TSIH", session.tsih],
        ],
      })),
    }),
  },
  {
    path: "iscsi session connection list",
    help: "List the connections of sessions.",
    options: FILTERS,
    run: ({ state, options }) => ({
      kind: "blocks",
      type: "Connection",
      blocks: chosen(state, options).map((session): Block => ({
        heading: [session.adapter, session.target, session.isid, "0"].join(","),
        fields: connectionFields(state, session),
      })),
    }),
  },
];

function connectionFields(
  state: HostState,
  session: Session,
): readonly (readonly [string, string | number | boolean])[] {
  const address = session.portal.replace(/:\d+$/, "");
  const made = stamp(session.madeMs);
  return [
    ["Adapter", session.adapter],
    ["Target", session.target],
    ["ISID", session.isid],
    ["CID", 0],
    ["DataDigest", "NONE"],
    ["HeaderDigest", "NONE"],
    ["IFMarker", false],
    ["IFMarkerInterval", 0],
    ["MaxRecvDataSegmentLength", 131_072],
    ["MaxTransmitDataSegmentLength", 32_768],
    ["OFMarker", false],
    ["OFMarkerInterval", 0],
    ["ConnectionAddress", address],
    ["RemoteAddress", address],
    ["LocalAddress", state.network.vmks.find(({ name }) => name === session.vmk)?.ipv4.address ?? ""],
    ["SessionCreateTime", made],
    ["ConnectionCreateTime", made],
    ["ConnectionStartTime", made],
    ["State", "logged_in"],
  ];
}

function chosen(state: HostState, options: Given): Session[] {
  const name = options.optional("adapter");
  if (name !== undefined) adapterNamed(state, name);
  return state.iscsi.sessions.filter(
    (session) =>
      (name === undefined || session.adapter === name) &&
      (!options.has("name") || session.target === options.optional("name")) &&
      (!options.has("isid") || session.isid === options.optional("isid")),
  );
}

/** 12/14/12 18:59:57, in UTC. */
function stamp(atMs: number): string {
  const [day = "", time = ""] = new Date(atMs).toISOString().split("T");
  const [year = "", month = "", date = ""] = day.split("-");
  return `${month}/${date}/${year.slice(2)} ${time.slice(0, 8)}`;
}
