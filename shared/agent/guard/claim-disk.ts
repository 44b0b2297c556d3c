import type { Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "../../kernel/error.ts";
import type { Label } from "../domain/guard/facts.ts";
import { encodeLabel, LABEL_BYTES } from "../domain/guard/label.ts";
import type { Claims } from "./claims.ts";
import { type Examined, examine, type ExamineDeps, refused } from "./examine.ts";

export interface ClaimDeps extends ExamineDeps {
  readonly claims: Claims;
  /** Shows the disk to a person, and asks. */
  readonly confirm: (examined: Examined) => Promise<boolean>;
}

/** Writes Salvo's label to a disk that bears nothing. Throws `refused` with every reason, `invalid-input` when it was declined. */
export async function claimDisk(
  device: Device,
  { lab, uuid }: Pick<Label, "lab" | "uuid">,
  deps: ClaimDeps,
): Promise<Label> {
  const label = { uuid, lab, device: device.name };
  using examined = await examine(device, () => ({ type: "claim" }), deps);
  await agree(device, examined, deps);
  // The record first: a label that nobody remembers would have to be released by hand.
  await deps.claims.write(label);
  examined.opened.writeLabel(encodeLabel(label));
  return label;
}

/** Takes the label away that this agent wrote. Throws as claimDisk. */
export async function releaseDisk(device: Device, deps: ClaimDeps): Promise<void> {
  const claim = await deps.claims.read(device.name);
  using examined = await examine(device, () => ({ type: "release", claim }), deps);
  await agree(device, examined, deps);
  examined.opened.writeLabel(Buffer.alloc(LABEL_BYTES));
  await deps.claims.remove(device.name);
}

/** A person may take long to answer, so the disk is looked at again afterwards. */
async function agree(device: Device, examined: Examined, { host, confirm }: ClaimDeps): Promise<void> {
  const check = (refusals: Examined["refusals"]) => {
    if (refusals.length > 0) throw refused(device, refusals, host);
  };
  check(examined.refusals);
  if (!(await confirm(examined)))
    throw new SalvoError("invalid-input", `device ${device.name}: nothing was written, as it was not confirmed`, {
      host,
    });
  check(examined.again());
}
