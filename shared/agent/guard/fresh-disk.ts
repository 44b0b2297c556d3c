/** LUNs that a target of the lab has made for one scenario: taken when they are blank, used without a label. */
import type { Device } from "@salvo/proto/lab_pb.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { DiskIdentity, FreshLun, Label } from "../domain/guard/facts.ts";
import { refusal } from "../domain/guard/refusal.ts";
import type { OpenDevice } from "../devices.ts";
import { examineFound, type ExamineDeps, refused } from "./examine.ts";
import type { FreshLuns } from "./fresh-luns.ts";
import { holdDisk } from "./raw-disk.ts";

export interface FreshDeps extends ExamineDeps {
  /** How the names of targets begin whose LUNs the agent's own file lets runs write to. */
  readonly targets: readonly string[];
}

/** Remembers the disk as the device. Writes nothing to it. Throws `refused` with every reason against it. */
export async function takeLun(
  device: Device,
  disk: DiskIdentity,
  { lab, uuid }: Pick<Label, "lab" | "uuid">,
  deps: FreshDeps & { readonly freshLuns: FreshLuns },
): Promise<void> {
  const { host, targets, freshLuns } = deps;
  using examined = await examineFound(device, { disk }, () => ({ type: "take", targets }), deps);
  if (examined.refusals.length > 0) throw refused(device, examined.refusals, host);
  await freshLuns.write({ device, fresh: { lab, uuid, device: device.name, node: disk.node } });
}

export interface UseFreshDeps extends FreshDeps {
  readonly lab: string | undefined;
  readonly deviceHash: string;
}

/** As openRawDisk: the disk is the very attachment that was taken. */
export async function openFreshLun(
  device: Device,
  fresh: FreshLun,
  deps: UseFreshDeps,
  waiting?: Waiting,
): Promise<OpenDevice> {
  const { targets, lab, deviceHash } = deps;
  const disk = deps.disks?.identify().find(({ node }) => node === fresh.node);
  const found = disk ? { disk } : { refusal: refusal("not-found", `device ${fresh.node}, which was taken, is gone`) };
  const usable = { firstByte: 0n, sizeBytes: device.sizeBytes, deviceHash };
  const examined = await examineFound(
    device,
    found,
    ({ node }) => ({ type: "use-fresh", fresh, targets, lab, plan: { ...usable, node } }),
    deps,
    waiting,
  );
  return holdDisk(device, examined, usable.firstByte, deps);
}
