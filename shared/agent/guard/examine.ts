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
  /** All of them, but in a test of the tests. */
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

/** As examine, of a disk that was found otherwise than by the keys of the agent's file. */
export async function examineFound(
  device: Device,
  found: { readonly disk: DiskIdentity } | { readonly refusal: Refusal },
  purposeOf: (disk: DiskIdentity) => Purpose,
  deps: ExamineDeps,
  waiting?: Waiting,
): Promise<Examined> {
  const { host, rules = RULES } = deps;
  const disks = disksOf(device, deps);
  const listed = listedDisk(device);
  if ("refusal" in found) throw refused(device, [found.refusal], host);
  const opened = disks.open(found.disk);
  try {
    const purpose = purposeOf(found.disk);
    const signatures = await disks.findSignatures(found.disk, waiting);
    const writers = disks.findWriters(found.disk);
    // Over a network the reserved space takes a while to be read, and what workloads have written there says nothing.
    const startBytes = purpose.type === "use-fresh" ? LABEL_BYTES : Number(RESERVED_BYTES);
    const look = (): DiskFacts => ({ ...opened.look(startBytes), signatures, writers });
    const judged = (facts: DiskFacts) =>
      judge({ facts, disks: disks.identify(), name: device.name, listed, purpose }, rules);
    const facts = look();
    return {
      identity: found.disk,
      opened,
      facts,
      refusals: judged(facts),
      again: () => judged(look()),
      [Symbol.dispose]: () => opened.close(),
    };
  } catch (error) {
    opened.close();
    throw error;
  }
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
