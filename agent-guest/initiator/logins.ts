/** The sessions to a portal: of iSCSI by open-iscsi, of NVMe (controllers) by the kernel alone. */
import { type Attachment, Transport } from "@salvo/proto/storage_pb.ts";
import { type PortalPlace, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { isNvme, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import type { Host } from "../provision/host.ts";
import { moduleId } from "../provision/modules.ts";
import { modulesOf } from "./base.ts";
import { HOST_ID, HOST_NQN, NVME_FABRICS } from "./places.ts";
import { faceOf, recordArgs, recordId } from "./records.ts";
import { isUp, portalOf, type Session } from "./sessions.ts";

/** As RECOVERY_S of a record: how long a controller that was lost is tried to be reached again, and how often. */
const NVME_LOSS_S = 30;
const NVME_RETRY_S = 2;
/** Commands that a controller may have open, where nothing else is wanted: the kernel's own (NVMF_DEF_QUEUE_SIZE). */
const NVME_DEPTH = 128;

export const loginId = (target: string, portal: PortalPlace) => `login ${target} ${shownPortal(portal)}`;

export function wantedLogin(attachment: Attachment, portal: PortalPlace, host: Host): Piece {
  const { target, transport, sessions, queueDepth } = attachment;
  const piece = base(target, portal, transport, { sessions, depth: queueDepth || NVME_DEPTH });
  return isNvme(transport)
    ? { ...piece, make: connecting(attachment, portal, host), remove: disconnecting(target) }
    : { ...piece, make: [loggingIn(target, portal, transport)], remove: [loggingOut(target, portal)] };
}

/** Those of all targets, of a portal together. */
export function foundLogins(sessions: readonly Session[]): Found[] {
  const groups = Map.groupBy(sessions, (session) => `${session.target} ${portalOf(session)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { target, transport } = first;
    const down = group.filter((session) => !isUp(session));
    return [
      {
        ...base(target, first, transport, { sessions: group.length, depth: first.depth ?? 0 }),
        make: [],
        remove: isNvme(transport) ? group.map(deleting) : [loggingOut(target, first)],
        ...(down.length > 0 && {
          problem: `${down.length} of ${group.length} ${down.length === 1 ? "is" : "are"} ${down[0]?.state}`,
        }),
      },
    ];
  });
}

interface Sessions {
  readonly sessions: number;
  /** Of NVMe. */
  readonly depth: number;
}

function base(target: string, portal: PortalPlace, transport: Transport, { sessions, depth }: Sessions) {
  const what = isNvme(transport) ? "controller" : "session";
  return {
    id: loginId(target, portal),
    kind: "login",
    text: `${sessions} ${what}${sessions === 1 ? "" : "s"} to ${target} at ${shownPortal(portal)}: ${transportName(transport)}`,
    needs: isNvme(transport) ? modulesOf(transport).map(moduleId) : [recordId(target, portal)],
    facts: {
      transport: transportName(transport),
      sessions: String(sessions),
      ...(isNvme(transport) && { depth: String(depth) }),
    },
    settings: {},
  };
}

function loggingIn(target: string, portal: PortalPlace, transport: Transport): Op {
  const args = [...recordArgs(target, portal), "-I", faceOf(transport), "--login"];
  return { type: "run", program: "iscsiadm", args };
}

function loggingOut(target: string, portal: PortalPlace): Op {
  return { type: "run", program: "iscsiadm", args: [...recordArgs(target, portal), "--logout"] };
}

/** nvme-cli 2.3 refuses a second controller at a portal, whatever it is told; the kernel does not. */
function connecting({ target, transport, sessions, queueDepth }: Attachment, portal: PortalPlace, host: Host): Op[] {
  const own = (name: string, file: string) => {
    const value = host.read(file);
    return value ? [`${name}=${value}`] : [];
  };
  const options = [
    `transport=${transport === Transport.NVME_RDMA ? "rdma" : "tcp"}`,
    `traddr=${portal.address}`,
    `trsvcid=${portal.port}`,
    `nqn=${target}`,
    ...own("hostnqn", HOST_NQN),
    ...own("hostid", HOST_ID),
    `reconnect_delay=${NVME_RETRY_S}`,
    `ctrl_loss_tmo=${NVME_LOSS_S}`,
    `queue_size=${queueDepth || NVME_DEPTH}`,
    ...(sessions > 1 ? ["duplicate_connect"] : []),
  ];
  return Array.from({ length: sessions }, () => ({ type: "write", path: NVME_FABRICS, value: options.join(",") }));
}

/** To be shown: what there will be is not known before. */
function disconnecting(target: string): Op[] {
  return [{ type: "run", program: "nvme", args: ["disconnect", "-n", target] }];
}

function deleting({ name }: Session): Op {
  return { type: "write", path: `/sys/class/nvme/${name}/delete_controller`, value: "1" };
}
