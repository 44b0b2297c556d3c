/** Which columns of esxtop a sample is made of. Names are compared as other names of the host are: without case and punctuation. */

type Kind = "core" | "world" | "adapter" | "device";

/** Of one thing that the header names. */
interface Head {
  readonly kind: Kind;
  readonly name: string;
  /** Of a world. */
  readonly group: string;
  readonly world: number;
}

export interface Columns {
  /** By the number of the column, from 0, which is the instant; undefined for one that nobody asks for. */
  readonly picks: readonly (Pick | undefined)[];
  readonly heads: readonly Head[];
}

interface Pick {
  /** Index into heads. */
  readonly entity: number;
  readonly field: string;
}

export interface Entity {
  readonly name: string;
  readonly rates: ReadonlyMap<string, number>;
}

export interface World {
  /** The VM or the group of worlds. */
  readonly group: string;
  /** 0 for a group as a whole. */
  readonly world: number;
  /** vmx, vmx-vcpu-0:vm1, LSI-123 */
  readonly name: string;
  readonly rates: ReadonlyMap<string, number>;
}

export interface Row {
  /** The instant at which esxtop gathered it, cut to whole seconds; ms since 1970. */
  readonly stampMs: number;
  readonly cores: readonly Entity[];
  readonly worlds: readonly World[];
  readonly adapters: readonly Entity[];
  readonly devices: readonly Entity[];
}

const CPU_FIELDS: Readonly<Record<string, string>> = {
  "% Used": "used",
  "% Run": "run",
  "% System": "system",
  "% Ready": "ready",
  "% CoStop": "coStop",
  "% VmWait": "vmWait",
};

const DISK_FIELDS: Readonly<Record<string, string>> = {
  "Commands/sec": "commands",
  "Reads/sec": "reads",
  "Writes/sec": "writes",
  "MBytes Read/sec": "readMb",
  "MBytes Written/sec": "writtenMb",
  "Average Driver MilliSec/Command": "davg",
  "Average Kernel MilliSec/Command": "kavg",
  "Average Guest MilliSec/Command": "gavg",
  "Average Queue MilliSec/Command": "qavg",
  "Device Q Depth": "dqlen",
  "Adapter Q Depth": "aqlen",
  "Active Commands": "active",
  "Queued Commands": "queued",
};

const CORE_FIELDS: Readonly<Record<string, string>> = {
  "% Processor Time": "processor",
  "% Util Time": "util",
  "% Core Util Time": "coreUtil",
};

/** By the object of a column: what kind of entity it is, and its counters. */
const OBJECTS: Readonly<Record<string, readonly [kind: Kind, fields: Readonly<Record<string, string>>]>> = {
  "Physical Cpu": ["core", CORE_FIELDS],
  Vcpu: ["world", CPU_FIELDS],
  "Group Cpu": ["world", CPU_FIELDS],
  "Physical Disk Adapter": ["adapter", DISK_FIELDS],
  "Physical Disk": ["adapter", DISK_FIELDS],
  "Physical Disk SCSI Device": ["device", DISK_FIELDS],
};

/** Done once: a row is then only numbers. */
export function columnsOf(headings: readonly string[]): Columns {
  const heads: Head[] = [];
  const known = new Map<string, number>();
  const picks = headings.map((heading) => {
    const column = columnOf(heading);
    if (!column) return undefined;
    const key = `${column.kind} ${column.instance}`;
    let entity = known.get(key);
    if (entity === undefined) {
      entity = heads.push(headOf(column.kind, column.instance)) - 1;
      known.set(key, entity);
    }
    return { entity, field: column.field };
  });
  return { picks, heads };
}

/** \\host\Object(instance)\Counter. The instance ends at the last parenthesis, and counters may hold backslashes. */
function columnOf(
  heading: string,
): { readonly kind: Kind; readonly instance: string; readonly field: string } | undefined {
  const object = /^\\\\[^\\]*\\([^(\\]+)\(/.exec(heading);
  if (!object) return undefined;
  const known = OBJECTS[object[1] ?? ""];
  if (!known) return undefined;
  const [kind, fields] = known;
  const end = heading.lastIndexOf(")\\");
  if (end === -1) return undefined;
  const field = fields[heading.slice(end + 2)];
  const instance = heading.slice(object[0].length, end);
  if (field === undefined || instance === "" || isOther(kind, object[1] ?? "", instance)) return undefined;
  return { kind, instance, field };
}

/** _Total is no core; of "Physical Disk" only the instances without a colon are adapters. */
function isOther(kind: Kind, object: string, instance: string): boolean {
  if (kind === "core") return !/^\d+$/.test(instance);
  return object === "Physical Disk" && instance.includes(":");
}

/** Of worlds gid:VM:world:name, and gid:VM of a group. A VM's name may hold colons. */
function headOf(kind: Kind, instance: string): Head {
  const one = kind === "world" ? /^\d+:(.*?):(\d+):(.*)$/s.exec(instance) : null;
  if (one) return { kind, group: one[1] ?? "", world: Number(one[2]), name: one[3] ?? "" };
  if (kind !== "world") return { kind, name: instance, group: "", world: 0 };
  return { kind, group: /^\d+:(.*)$/s.exec(instance)?.[1] ?? instance, world: 0, name: "" };
}

/** rates: by the index of the head. */
export function rowOf(stampMs: number, heads: readonly Head[], rates: readonly ReadonlyMap<string, number>[]): Row {
  const cores: Entity[] = [];
  const worlds: World[] = [];
  const adapters: Entity[] = [];
  const devices: Entity[] = [];
  for (const [at, { kind, name, group, world }] of heads.entries()) {
    const own = rates[at] ?? new Map<string, number>();
    if (kind === "world") worlds.push({ group, world, name, rates: own });
    else (kind === "core" ? cores : kind === "adapter" ? adapters : devices).push({ name, rates: own });
  }
  return { stampMs, cores, worlds, adapters, devices };
}
