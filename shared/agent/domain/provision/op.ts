/** The smallest things that are done to a host. Data: to be shown, hashed, logged and then performed as they are. */
export type Op = PlainOp | MapDiskOp | LunOp;

/** What needs nothing but the host, and secrets. */
export type PlainOp =
  | { readonly type: "mkdir" | "rmdir" | "unlink" | "remove"; readonly path: string }
  | {
      readonly type: "write";
      readonly path: string;
      readonly value: string;
      /** The CPUs to do it on. */ readonly cpus?: string;
    }
  /** The first line of a file in the agent's own folder of secrets; it is in no message and in no log. */
  | { readonly type: "write-secret"; readonly path: string; readonly secret: string }
  /** The same, as the value of a setting at the end of a file: "KEY = SECRET". */
  | { readonly type: "append-secret"; readonly path: string; readonly key: string; readonly secret: string }
  | { readonly type: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly type: "run";
      readonly program: string;
      readonly args: readonly string[];
      /** How a line ends that it must print, besides succeeding. */
      readonly prints?: string;
    };

/** A raw disk of the agent's own file, which the disk guard must let pass, as a disk of its own without its first MiB. */
export interface MapDiskOp {
  readonly type: "map-disk";
  readonly device: string;
  readonly map: string;
  readonly uuid: string;
  readonly sizeBytes: bigint;
}

/** What is done with LUNs that are attached. */
export type LunOp =
  /** Waits for its disks, and refuses whatever is not what the target made. */
  | ({ readonly type: "await-lun"; readonly paths: number } & LunIdentity)
  /** One disk of all its paths. */
  | ({ readonly type: "map-paths"; readonly map: string; readonly uuid: string; readonly policy: string } & LunIdentity)
  /** As a device that runs may write to; the disk guard refuses what is not blank. way: which of its disks, counted from 0. */
  | ({ readonly type: "take-lun"; readonly device: string; readonly way: number | "map" } & LunIdentity)
  | { readonly type: "forget-lun"; readonly device: string };

/** By what it is known, before there is anything of it. */
export interface LunIdentity {
  readonly target: string;
  readonly lun: number;
  readonly wwn: string;
  readonly serial: string;
  readonly sizeBytes: bigint;
}

/** As a shell would be told it. Nothing is ever done through a shell; what no program does is a comment. */
export function commandOf(op: Op): string {
  switch (op.type) {
    case "mkdir":
    case "rmdir":
    case "unlink":
      return `${op.type} ${quoted(op.path)}`;
    case "remove":
      return `rm -f ${quoted(op.path)}`;
    case "write": {
      const write = `echo -n ${quoted(op.value)}`;
      if (op.cpus === undefined) return `${write} > ${quoted(op.path)}`;
      return `${write} | taskset --cpu-list ${op.cpus} tee ${quoted(op.path)}`;
    }
    case "write-secret":
      return `head -n 1 secrets/${quoted(op.secret)} | tr -d '\\n' > ${quoted(op.path)}`;
    case "append-secret":
      return `echo "${op.key} = $(head -n 1 secrets/${quoted(op.secret)})" >> ${quoted(op.path)}`;
    case "symlink":
      return `ln -s ${quoted(op.target)} ${quoted(op.path)}`;
    case "run": {
      const line = [op.program, ...op.args].map(quoted).join(" ");
      return op.prints === undefined ? line : `${line} | grep -e ${quoted(`${op.prints}$`)}`;
    }
    case "map-disk":
      return `dmsetup create ${op.map} --verifyudev --uuid ${op.uuid} --table '0 ${sectors(op.sizeBytes)} linear NUMBER ${SKIPPED_SECTORS}' # NUMBER: of ${op.device}, if the disk guard lets it pass`;
    case "await-lun":
      return `# wait for ${op.paths === 1 ? "the disk" : `${op.paths} disks`} of ${described(op)}, and for nothing else`;
    case "map-paths":
      return `dmsetup create ${op.map} --uuid ${op.uuid} --table '0 ${sectors(op.sizeBytes)} multipath 0 0 1 1 ${op.policy} 0 ...' # of all disks of ${described(op)}`;
    case "take-lun": {
      const which = op.way === "map" ? "the map" : `disk ${op.way + 1}`;
      return `# take ${which} of ${described(op)} as the device ${op.device}, if the disk guard finds it blank`;
    }
    case "forget-lun":
      return `# forget the device ${op.device}`;
  }
}

/** Sectors of the device mapper: 512 bytes, whatever the disk's own are. */
export const MAP_SECTOR_BYTES = 512n;
/** Where Salvo's label is. */
export const SKIPPED_SECTORS = (1024n * 1024n) / MAP_SECTOR_BYTES;

/** All of it, where nobody said how much that is. */
function sectors(bytes: bigint): string {
  return bytes === 0n ? "SECTORS" : String(bytes / MAP_SECTOR_BYTES);
}

function described({ target, lun, wwn, sizeBytes }: LunIdentity): string {
  return `LUN ${lun} of ${target} (${wwn}, ${sizeBytes} B)`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
