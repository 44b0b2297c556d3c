/**
 * What binds a run to what was looked at: two parties count the same hash, each from what it knows itself. An agent says of each
 * device what it is and whose; the controller plans with that, and the agent arms and fires only the plan that fits its own facts.
 * The canonical bytes are a JSON array of strings, so no two different plans have the same ones.
 */
import { WorkloadSchema, type Workload } from "@salvo/proto/workload_pb.ts";
import { SalvoError } from "../../kernel/error.ts";
import { sha256 } from "../../kernel/sha256.ts";
import type { Label } from "./guard/facts.ts";
import type { ListedDisk } from "./guard/identity.ts";
import { refusal } from "./guard/refusal.ts";

/** A device as the agent's own file lists it: a file by its path, a raw disk by its keys. */
export type PlannedDevice = { readonly name: string } & (
  | { readonly path: string; readonly sizeBytes: bigint }
  | ListedDisk
);

/** Of a raw disk with the label that it bears: a disk that is claimed anew, in between too, is another one. */
export function deviceHash(device: PlannedDevice, label: Pick<Label, "uuid" | "lab"> | undefined): string {
  const { name, sizeBytes } = device;
  if ("path" in device) return hashOf("file", name, sizeBytes, device.path);
  const { serial, wwn, target } = device;
  return hashOf("disk", name, sizeBytes, serial, wwn, target?.iqn, target?.lun, label?.uuid, label?.lab);
}

export interface HashedPlan {
  readonly run: string;
  readonly intervalMs: number;
  readonly workload: Workload;
  readonly participants: readonly { readonly id: string; readonly device: string; readonly deviceHash: string }[];
}

/** Of all that decides what one agent writes, where and for how long. Every field of a workload does. */
export function planHash({ run, intervalMs, workload, participants }: HashedPlan): string {
  const fields = WorkloadSchema.fields.flatMap(({ name, localName }) => [
    name,
    workload[localName as Exclude<keyof Workload, "$unknown">], // by its own schema
  ]);
  const parts = participants.flatMap(({ id, device, deviceHash: of }) => [id, device, of]);
  return hashOf("plan", run, intervalMs, fields.length, ...fields, ...parts);
}

/** what: "run 7: its workload", as far as it is known to differ. */
export function planRefused(message: string): SalvoError {
  const { code, remedy } = refusal("plan-hash", message);
  return new SalvoError("refused", `${message} [${code}]`, { remedy });
}

type Part = string | number | bigint | boolean | undefined;

function hashOf(...parts: readonly Part[]): string {
  return sha256(JSON.stringify(parts.map((part) => (part === undefined ? null : String(part)))));
}
