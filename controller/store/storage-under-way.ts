/** Storage that a study makes, from before there is anything of it until it is gone again: whoever comes after a crash takes it away. */
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { type StorageUnderWay, StorageUnderWaySchema } from "@salvo/proto/run_pb.ts";
import { FILES_AT_ONCE, mapAtOnce } from "@salvo/shared/kernel/at-once.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { replaceFile, syncFolder } from "@salvo/shared/files/durable.ts";
import { storageFolder } from "./layout.ts";

export interface StorageRecords {
  /** By tag, those that say what was made. */
  list(): Promise<ReadonlyMap<string, StorageUnderWay>>;
  /** The others, with why. */
  damaged(): Promise<readonly DamagedRecord[]>;
  /** All tags that were ever given to what may still be there, also of records that were set aside. */
  tags(): Promise<ReadonlySet<string>>;
  /** Out of the way, and kept, under another name, which it returns. Durable when it resolves. */
  setAside(tag: string): Promise<string>;
  /** On the disk when it resolves. */
  write(tag: string, storage: StorageUnderWay): Promise<void>;
  /** As write. */
  remove(tag: string): Promise<void>;
}

export interface DamagedRecord {
  readonly tag: string;
  readonly file: string;
  readonly why: string;
}

const RECORD = ".json";
const ASIDE = ".json.damaged";

export function openStorageRecords(dataDir: string): StorageRecords {
  const folder = storageFolder(dataDir);
  const fileOf = (tag: string) => join(folder, `${tag}.json`);
  return {
    async list() {
      const read = await readAll(folder);
      return new Map(read.flatMap(({ tag, found }) => (typeof found === "string" ? [] : [[tag, found] as const])));
    },
    async damaged() {
      const read = await readAll(folder);
      return read.flatMap(({ tag, found: why }) => (typeof why === "string" ? [{ tag, file: fileOf(tag), why }] : []));
    },
    async tags() {
      const names = await namesIn(folder);
      return new Set(
        names.flatMap((name) => {
          const end = [ASIDE, RECORD].find((each) => name.endsWith(each));
          return end === undefined ? [] : [name.slice(0, -end.length)];
        }),
      );
    },
    async setAside(tag) {
      const aside = join(folder, `${tag}${ASIDE}`);
      await rename(fileOf(tag), aside);
      await syncFolder(folder);
      return aside;
    },
    async write(tag, storage) {
      if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dataDir);
      await replaceFile(fileOf(tag), toJsonString(StorageUnderWaySchema, storage, { prettySpaces: 2 }));
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

interface ReadRecord {
  readonly tag: string;
  /** Or why it does not say it. */
  readonly found: StorageUnderWay | string;
}

async function readAll(folder: string): Promise<ReadRecord[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(RECORD)).toSorted();
  return mapAtOnce(names, FILES_AT_ONCE, async (name) => ({
    tag: name.slice(0, -RECORD.length),
    found: await readRecord(join(folder, name)),
  }));
}

/** Throws only when it cannot be read. */
async function readRecord(file: string): Promise<StorageUnderWay | string> {
  const text = await readFile(file, "utf8");
  try {
    const record = fromJsonString(StorageUnderWaySchema, text);
    return record.wanted && record.lab ? record : "it names no storage or no lab";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
