import { FILES_AT_ONCE, mapAtOnce } from "../../kernel/at-once.ts";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../files/durable.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import type { Given } from "../domain/guard/facts.ts";
import { recordFiles } from "./record-files.ts";

/** A disk that another agent is asked to attach to this host, from before it can be there. */
export interface AwaitedDisk extends Given {
  /** The name under which runs will know it. */
  readonly device: string;
}

/** Which disks are awaited, and since when. Of this boot of the host only: sequence numbers begin anew with the next. */
export interface AwaitedDisks {
  list(): Promise<readonly AwaitedDisk[]>;
  /** Durable when it resolves. */
  write(disk: AwaitedDisk): Promise<void>;
  remove(device: string): Promise<void>;
}

/** Throws `corrupt` for a file that was changed to something else. */
export function openAwaitedDisks(dataDir: string, boot: string): AwaitedDisks {
  const folder = join(dataDir, "awaited");
  const fileOf = (device: string) => join(folder, `${device}.json`);
  return {
    async list() {
      const kept = await mapAtOnce((await recordFiles(folder)).toSorted(), FILES_AT_ONCE, readKept);
      return kept.flatMap((each) => (each.boot === boot ? [each.disk] : []));
    },
    write: ({ device, attacher, after }) =>
      replaceFile(fileOf(device), `${JSON.stringify({ boot, device, attacher, after })}\n`),
    remove: (device) => rm(fileOf(device), { force: true }),
  };
}

async function readKept(file: string): Promise<{ readonly boot: string; readonly disk: AwaitedDisk }> {
  const kept = parse(await textOf(file));
  if (kept) return kept;
  throw new SalvoError("corrupt", "this does not say which disk is awaited", {
    file,
    remedy: "Remove it, then plan and apply again",
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw toSalvoError(error, { file });
  }
}

/** undefined for what is no record of such a disk. */
function parse(text: string): { readonly boot: string; readonly disk: AwaitedDisk } | undefined {
  try {
    const { boot, device, attacher, after }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof boot !== "string" || typeof device !== "string" || typeof attacher !== "string") return undefined;
    if (typeof after !== "number" || !Number.isSafeInteger(after)) return undefined;
    return { boot, disk: { device, attacher, after } };
  } catch {
    return undefined;
  }
}
