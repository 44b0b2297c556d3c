import type { Device } from "@salvo/proto/lab_pb.ts";
import { assert } from "../../kernel/assert.ts";
import { SalvoError } from "../../kernel/error.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { DiskFacts, DiskIdentity } from "../domain/guard/facts.ts";
import { findListed, type ListedDisk } from "../domain/guard/identity.ts";
import { LABEL_BYTES, RESERVED_BYTES } from "../domain/guard/label.ts";
import { judge, type Purpose, type Rule, RULES } from "../domain/guard/judge.ts";
import type { Refusal } from "../domain/guard/refusal.ts";
import type { Disks, OpenedDisk } from "./disks.ts";
import { allOf, openTogether } from "./same-lun.ts";

/** The disk that a device means, held open, with all that speaks against its use. */
export interface Examined extends Disposable {
  readonly identity: DiskIdentity;
  readonly opened: OpenedDisk;
  readonly facts: DiskFacts;
  readonly refusals: readonly Refusal[];
  /** Judges the handle anew. Signatures and writers are those of the examination: they take too long to be found. */
  again(): readonly Refusal[];
}

export interface ExamineDeps {
  readonly host: string;
  readonly disks: Disks | undefined;
  /** All of them, but where no run is planned, and in a test of the tests. */
  readonly rules?: readonly Rule[];
}

/** Throws `refused` when no single disk is the one meant. Whoever gets it closes it. */
export async function examine(
  device: Device,
  purposeOf: (disk: DiskIdentity) => Purpose,
  deps: ExamineDeps,
  waiting?: Waiting,
): Promise<Examined> {
  return examineFound(
    device,
    findListed(listedDisk(device), disksOf(device, deps).identify()),
    purposeOf,
    deps,
    waiting,
  );
}

export interface FoundDisk {
  readonly disk: DiskIdentity;
  /** Other disks of the same LUN: what they are used for, it is used for. */
  readonly beside?: readonly DiskIdentity[];
}

/** As examine, of a disk that was found otherwise than by the keys of the agent's file. */
export async function examineFound(
  device: Device,
  found: FoundDisk | { readonly refusal: Refusal },
  purposeOf: (disk: DiskIdentity) => Purpose,
  deps: ExamineDeps,
  waiting?: Waiting,
): Promise<Examined> {
  const { host, rules = RULES } = deps;
  const disks = disksOf(device, deps);
  const listed = listedDisk(device);
  if ("refusal" in found) throw refused(device, [found.refusal], host);
  const { disk, beside = [] } = found;
  const opened = openTogether(disk, beside, disks);
  try {
    const purpose = purposeOf(disk);
    const signatures = await disks.findSignatures(disk, waiting);
    const writers = allOf([disk, ...beside].map((each) => disks.findWriters(each)));
    const look = (startBytes: number): DiskFacts => ({ ...opened.look(startBytes), signatures, writers });
    const judged = (facts: DiskFacts) =>
      judge({ facts, disks: disks.identify(), name: device.name, listed, purpose }, rules);
    const startBytes = startBytesFor(purpose);
    const facts = look(startBytes.first);
    return {
      identity: disk,
      opened,
      facts,
      refusals: judged(facts),
      again: () => judged(look(startBytes.again)),
      [Symbol.dispose]: () => opened.close(),
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Of how much of the disk's start it is looked whether there is anything. Over a network all of it takes a while to be read. */
function startBytesFor(purpose: Purpose): { readonly first: number; readonly again: number } {
  const whole = Number(RESERVED_BYTES);
  if (purpose.type !== "use-fresh") return { first: whole, again: whole };
  // What workloads have written says nothing; and what was blank as a whole has been held since.
  return { first: purpose.fresh.used ? LABEL_BYTES : whole, again: LABEL_BYTES };
}

function disksOf({ name }: Device, { disks, host }: ExamineDeps): Disks {
  if (disks) return disks;
  throw new SalvoError("refused", `device ${name}: this agent cannot use raw disks`, { host });
}

export function listedDisk({ name, disk, sizeBytes }: Device): ListedDisk {
  assert(disk, `device ${name} is a raw disk`);
  const { serial, wwn, iqn, lun } = disk;
  return { sizeBytes, serial, wwn, target: iqn !== "" && lun !== undefined ? { iqn, lun } : undefined };
}

/** One error of all refusals, with their codes: [mounted] and so on. */
export function refused({ name }: Device, refusals: readonly Refusal[], host: string): SalvoError {
  const reasons = refusals.map(({ code, message }) => `${message} [${code}]`).join("; ");
  const remedies = [...new Set(refusals.map(({ remedy }) => remedy))].join(" ");
  return new SalvoError("refused", `device ${name}: ${reasons}`, { host, remedy: remedies });
}
