/** What is done to a virtual machine, through its QEMU. */
export type KvmOp =
  /** QEMU itself logs in to the LUN. */
  | { readonly type: "open-session"; readonly place: Place; readonly session: Session }
  | { readonly type: "close-session"; readonly place: Place; readonly node: string }
  | { readonly type: "give-disk"; readonly place: Place; readonly node: string; readonly device: string }
  | { readonly type: "take-disk-back"; readonly place: Place; readonly device: string };

/** A virtual machine, and where its QEMU listens. */
export interface Place {
  readonly vm: string;
  readonly qmp: string;
}

export interface Session {
  readonly node: string;
  readonly portal: string;
  readonly target: string;
  readonly lun: number;
  readonly initiator: string;
}

export function isKvmOp(op: { readonly type: string }): op is KvmOp {
  return ["open-session", "close-session", "give-disk", "take-disk-back"].includes(op.type);
}

/** QMP's own arguments, once for what is shown and what is done. */
export function commandOf(op: KvmOp): { readonly command: string; readonly args: Readonly<Record<string, unknown>> } {
  switch (op.type) {
    case "open-session": {
      const { node, portal, target, lun, initiator } = op.session;
      const place = { driver: "iscsi", transport: "tcp", portal, target, lun };
      // Past the host's page cache: otherwise a run measures the host's memory.
      const how = { "initiator-name": initiator, cache: { direct: true } };
      return { command: "blockdev-add", args: { "node-name": node, ...place, ...how } };
    }
    case "close-session":
      return { command: "blockdev-del", args: { "node-name": op.node } };
    case "give-disk": {
      // scsi-block passes the guest's SCSI commands on, so the guest asks the LUN itself who it is.
      const disk = { driver: "scsi-block", id: op.device, drive: op.node, "share-rw": true };
      return { command: "device_add", args: disk };
    }
    case "take-disk-back":
      return { command: "device_del", args: { id: op.device } };
  }
}

export function describeKvm(op: KvmOp): string {
  const { command, args } = commandOf(op);
  return `# in ${op.place.vm}, by QMP: ${JSON.stringify({ execute: command, arguments: args })}`;
}
