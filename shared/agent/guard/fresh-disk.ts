/** LUNs that a target of the lab has made for one scenario: taken when they are blank, used without a label. */
import type { Device } from "@salvo/proto/lab_pb.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { DiskIdentity, FreshLun, Given, Label } from "../domain/guard/facts.ts";
import { findListed, isSameLun } from "../domain/guard/identity.ts";
import type { LunOwners } from "../domain/guard/judge.ts";
import { refusal } from "../domain/guard/refusal.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import { examineFound, type ExamineDeps, listedDisk, refused } from "./examine.ts";
import type { FreshLuns } from "./fresh-luns.ts";
import { holdDisk } from "./raw-disk.ts";

export interface FreshDeps extends ExamineDeps {
  readonly owners: LunOwners;
  readonly freshLuns: FreshLuns;
}

/** Remembers the disk as the device. Writes nothing to it. Throws `refused` with every reason against it. */
export async function takeLun(
  device: Device,
  disk: DiskIdentity,
  label: Pick<Label, "lab" | "uuid">,
  deps: FreshDeps,
): Promise<void> {
  return take(device, { disk, beside: await besideOf(disk, deps) }, label, undefined, deps);
}

/** As takeLun, of the one disk here that is what its attacher reports: device has the keys that this told. */
export async function takeGivenDisk(
  device: Device,
  given: Given,
  label: Pick<Label, "lab" | "uuid">,
  deps: FreshDeps,
): Promise<void> {
  return take(device, findListed(listedDisk(device), deps.disks?.identify() ?? []), label, given, deps);
}

async function take(
  device: Device,
  found: Parameters<typeof examineFound>[1],
  { lab, uuid }: Pick<Label, "lab" | "uuid">,
  given: Given | undefined,
  deps: FreshDeps,
): Promise<void> {
  const { host, owners, freshLuns } = deps;
  using examined = await examineFound(device, found, () => ({ type: "take", owners, given }), deps);
  if (examined.refusals.length > 0) throw refused(device, examined.refusals, host);
  const { node } = examined.identity;
  await freshLuns.write({
    device,
    fresh: { lab, uuid, device: device.name, node, used: false, ...(given && { given }) },
  });
}

export interface UseFreshDeps extends FreshDeps {
  readonly lab: string | undefined;
  readonly deviceHash: string;
}

/**
 * As openRawDisk: the disk is the very attachment that was taken. That a run may have written to it is on the agent's own disk when
 * this resolves, so before any gate opens: until then there may be nothing on it, and after that nobody could tell whose it is.
 */
export async function openFreshLun(
  device: Device,
  fresh: FreshLun,
  deps: UseFreshDeps,
  waiting?: Waiting,
): Promise<OpenDevice> {
  const { owners, lab, deviceHash, freshLuns } = deps;
  const disk = deps.disks?.identify().find(({ node }) => node === fresh.node);
  const found = disk
    ? { disk, beside: await besideOf(disk, deps) }
    : { refusal: refusal("not-found", `device ${fresh.node}, which was taken, is gone`) };
  const usable = { firstByte: 0n, sizeBytes: device.sizeBytes, deviceHash };
  const examined = await examineFound(
    device,
    found,
    ({ node }) => ({ type: "use-fresh", fresh, owners, lab, plan: { ...usable, node } }),
    deps,
    waiting,
  );
  const held = holdDisk(device, examined, usable.firstByte, deps);
  if (fresh.used) return held;
  try {
    await freshLuns.write({ device, fresh: { ...fresh, used: true } });
    return held;
  } catch (error) {
    held.close();
    throw error;
  }
}

/** Its LUN's disks by other sessions, but those that were taken as well: what runs do to these is known. */
async function besideOf(disk: DiskIdentity, { disks, freshLuns }: FreshDeps): Promise<DiskIdentity[]> {
  const taken = new Set((await freshLuns.list()).map(({ fresh }) => fresh.node));
  const isOther = ({ path, node }: DiskIdentity) =>
    path !== disk.path && !disk.paths?.includes(path) && !taken.has(node);
  return (disks?.identify() ?? []).filter((each) => isOther(each) && isSameLun(disk, each));
}
