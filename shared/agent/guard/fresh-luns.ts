import { FILES_AT_ONCE, mapAtOnce } from "../../kernel/at-once.ts";
import { fromJson, toJson } from "@bufbuild/protobuf";
import { type Device, DeviceSchema } from "@salvo/proto/lab_pb.ts";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../files/durable.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import type { FreshLun } from "../domain/guard/facts.ts";
import { recordFiles } from "./record-files.ts";

/** A fresh LUN that this agent has taken for a scenario, with the name under which runs know it. */
export interface TakenLun {
  readonly device: Device;
  readonly fresh: FreshLun;
}

/**
 * What stands in the place of a label: which attachments were taken when they were blank. Of this boot of the host only: after
 * another one a disk that is there is another attachment, and nobody knows what was done to it in between.
 */
export interface FreshLuns {
  list(): Promise<readonly TakenLun[]>;
  /** Durable when it resolves. */
  write(taken: TakenLun): Promise<void>;
  remove(device: string): Promise<void>;
}

interface Kept {
  readonly boot: string;
  readonly device: ReturnType<typeof toJson<typeof DeviceSchema>>;
  readonly fresh: FreshLun;
}

/** Throws `corrupt` for a file that was changed to something else. */
export function openFreshLuns(dataDir: string, boot: string): FreshLuns {
  const folder = join(dataDir, "fresh");
  const fileOf = (device: string) => join(folder, `${device}.json`);
  return {
    async list() {
      const kept = await mapAtOnce(await recordFiles(folder), FILES_AT_ONCE, readKept);
      return kept
        .filter((each) => each.boot === boot)
        .map(({ device, fresh }) => ({ device: fromJson(DeviceSchema, device), fresh }));
    },
    async write({ device, fresh }) {
      const kept: Kept = { boot, device: toJson(DeviceSchema, device), fresh };
      await replaceFile(fileOf(device.name), `${JSON.stringify(kept)}\n`);
    },
    remove: (device) => rm(fileOf(device), { force: true }),
  };
}

async function readKept(file: string): Promise<Kept> {
  const corrupt = new SalvoError("corrupt", "this does not say which LUN was taken", {
    file,
    remedy: "Remove it, then plan and apply again",
  });
  try {
    const { boot, device, fresh }: Partial<Kept> = JSON.parse(await readFile(file, "utf8"));
    const texts: unknown[] = [boot, fresh?.uuid, fresh?.lab, fresh?.device, fresh?.node];
    const isUsed: unknown = fresh?.used;
    if (boot === undefined || !device || !fresh || texts.some((each) => typeof each !== "string")) throw corrupt;
    if (isUsed !== undefined && typeof isUsed !== "boolean") throw corrupt;
    if (!isGiven(fresh.given)) throw corrupt;
    fromJson(DeviceSchema, device);
    return { boot, device, fresh };
  } catch (error) {
    const known = toSalvoError(error, { file });
    throw known.kind === "internal" || error instanceof SyntaxError ? corrupt : known;
  }
}

/** Of a record that says nothing of it, too: that is of a LUN which this host has attached itself. */
function isGiven(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const { attacher, after }: { attacher?: unknown; after?: unknown } = value;
  return typeof attacher === "string" && Number.isSafeInteger(after);
}
