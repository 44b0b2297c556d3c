/** Storage that a study makes, from before there is anything of it until it is gone again: whoever comes after a crash takes it away. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { type StorageUnderWay, StorageUnderWaySchema } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { replaceDurably, syncFolder } from "./durable.ts";
import { storageFolder } from "./layout.ts";

export interface StorageRecords {
  /** By tag. Throws `corrupt` for a file that was changed to something else. */
  list(): Promise<ReadonlyMap<string, StorageUnderWay>>;
  /** On the disk when it resolves. */
  write(tag: string, storage: StorageUnderWay): Promise<void>;
  /** As write. */
  remove(tag: string): Promise<void>;
}

export function openStorageRecords(dataDir: string): StorageRecords {
  const folder = storageFolder(dataDir);
  const fileOf = (tag: string) => join(folder, `${tag}.json`);
  return {
    async list() {
      const names = (await namesIn(folder)).filter((name) => name.endsWith(".json")).toSorted();
      const read = names.map(
        async (name) => [name.slice(0, -".json".length), await readRecord(join(folder, name))] as const,
      );
      return new Map(await Promise.all(read));
    },
    async write(tag, storage) {
      if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dataDir);
      await replaceDurably(fileOf(tag), toJsonString(StorageUnderWaySchema, storage, { prettySpaces: 2 }));
    },
    async remove(tag) {
      await rm(fileOf(tag), { force: true });
      await syncFolder(folder);
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return [];
    throw error;
  }
}

async function readRecord(file: string): Promise<StorageUnderWay> {
  const text = await readFile(file, "utf8");
  try {
    return fromJsonString(StorageUnderWaySchema, text);
  } catch (error) {
    throw new SalvoError("corrupt", `this does not say what storage was made: ${String(error)}`, {
      file,
      cause: error,
      remedy: "Remove it; salvo lab plan shows what is left on the hosts, salvo lab apply takes it away",
    });
  }
}
