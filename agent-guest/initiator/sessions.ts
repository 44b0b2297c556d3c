/** The sessions of iSCSI and the controllers of NVMe that this host has, as the kernel shows them. */
import { Transport } from "@salvo/proto/storage_pb.ts";
import { shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Host } from "../provision/host.ts";

export interface Session {
  /** session2, nvme0. */
  readonly name: string;
  readonly target: string;
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly state: string;
  /** Of NVMe: commands that it may have open. */
  readonly depth?: number;
}

export function foundSessions(host: Host): Session[] {
  return [...iscsiSessions(host), ...nvmeControllers(host)];
}

/** Whether requests go over it now. */
export function isUp({ state }: Pick<Session, "state">): boolean {
  return state === "LOGGED_IN" || state === "live";
}

/** 10.0.0.1:3260 */
export function portalOf({ address, port }: Session): string {
  return shownPortal({ address, port });
}

const SESSIONS = "/sys/class/iscsi_session";
/** proc_name of the host that each transport makes: drivers/scsi/iscsi_tcp.c, drivers/infiniband/ulp/iser. */
const TRANSPORTS: Readonly<Record<string, Transport>> = { iscsi_tcp: Transport.ISCSI, iscsi_iser: Transport.ISER };

function iscsiSessions(host: Host): Session[] {
  return (host.list(SESSIONS) ?? []).flatMap((name) => {
    const read = (path: string) => host.read(path) ?? "";
    const connection = `/sys/class/iscsi_connection/connection${name.slice("session".length)}:0`;
    const [, scsiHost = ""] = /\/(host\d+)\/session\d+\//.exec(host.readLink(`${SESSIONS}/${name}`) ?? "") ?? [];
    const target = read(`${SESSIONS}/${name}/targetname`);
    if (target === "") return []; // logged out while we looked, or a discovery
    return {
      name,
      target,
      transport: TRANSPORTS[read(`/sys/class/scsi_host/${scsiHost}/proc_name`)] ?? Transport.UNSPECIFIED,
      address: read(`${connection}/persistent_address`),
      port: Number(read(`${connection}/persistent_port`)),
      state: read(`${SESSIONS}/${name}/state`),
    };
  });
}

function nvmeControllers(host: Host): Session[] {
  return (host.list("/sys/class/nvme") ?? []).flatMap((name) => {
    const read = (file: string) => host.read(`/sys/class/nvme/${name}/${file}`) ?? "";
    const transport = { tcp: Transport.NVME_TCP, rdma: Transport.NVME_RDMA }[read("transport")];
    // traddr=10.0.0.1,trsvcid=4420,src_addr=10.0.0.2
    const [, address = "", port = ""] = /^traddr=([^,]+),trsvcid=(\d+)/.exec(read("address")) ?? [];
    if (transport === undefined) return []; // in this machine
    return {
      name,
      target: read("subsysnqn"),
      transport,
      address,
      port: Number(port),
      state: read("state"),
      depth: Number(read("sqsize")) + 1,
    };
  });
}
