import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type ErrorKind, SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { CHECKSUMS } from "./layout.ts";

export interface FileSum {
  /** Relative to the run's folder. */
  readonly path: string;
  readonly bytes: bigint;
  /** Hex. */
  readonly sha256: string;
}

/** Of all files in a folder and below, by path. */
export async function sumFiles(folder: string): Promise<FileSum[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sums: FileSum[] = [];
  for (const path of paths.sort((a, b) => (a < b ? -1 : 1)))
    sums.push({ path: path.slice(folder.length + 1), ...(await sumFile(path)) });
  return sums;
}

/** As sha256sum(1) writes and checks it. */
export function formatSums(sums: readonly FileSum[]): string {
  return sums.map(({ sha256, path }) => `${sha256}  ${path}\n`).join("");
}

/** Checks all files of a sealed run's folder, or only the one named. Throws `corrupt`, with the file and both checksums. */
export async function checkSums(folder: string, only?: string): Promise<void> {
  for (const [name, expected] of await sealedSums(folder, only)) {
    if (only !== undefined && name !== only) continue;
    const path = join(folder, name);
    const { sha256 } = await sumFile(path).catch((error: unknown) => {
      throw unread(path, error);
    });
    checkSum(path, sha256, expected);
  }
}

/** A small file of a sealed run's folder, read once and checked. Throws as checkSums. */
export async function readChecked(folder: string, name: string): Promise<Buffer> {
  const expected = (await sealedSums(folder, name)).get(name);
  const path = join(folder, name);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unread(path, error);
  });
  checkSum(path, createHash("sha256").update(bytes).digest("hex"), expected);
  return bytes;
}

/** By file, as they were when the run was sealed. */
async function sealedSums(folder: string, needed?: string): Promise<ReadonlyMap<string, string>> {
  const sumsFile = join(folder, CHECKSUMS);
  const list = await readFile(sumsFile, "utf8").catch((error: unknown) => {
    throw unread(sumsFile, error);
  });
  const sums = new Map(list.split("\n").flatMap(parseLine));
  if (needed !== undefined && !sums.has(needed)) throw damaged(sumsFile, `it does not name ${needed}`);
  return sums;

  function parseLine(line: string): [string, string][] {
    if (line === "") return [];
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (!sha256 || !name) throw damaged(sumsFile, `its line ${JSON.stringify(line)} is no checksum`);
    return [[name, sha256]];
  }
}

function checkSum(path: string, sha256: string, expected: string | undefined): void {
  if (sha256 !== expected) throw damaged(path, `its SHA-256 is ${sha256}, and ${expected} when it was sealed`);
}

/** Checks that files of a sealed run's folder are there and as long as they were. Throws `corrupt`. Reads none of them. */
export async function checkSizes(folder: string, files: readonly Pick<FileSum, "path" | "bytes">[]): Promise<void> {
  for (const { path, bytes } of files) {
    const file = join(folder, path);
    const { size } = await stat(file, { bigint: true }).catch((error: unknown) => {
      throw unread(file, error);
    });
    if (size !== bytes) throw damaged(file, `it has ${size} bytes, and ${bytes} when it was sealed`);
  }
}

async function sumFile(path: string): Promise<{ bytes: bigint; sha256: string }> {
  const hash = createHash("sha256");
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024 });
  await pipeline(stream, hash);
  return { bytes: BigInt(stream.bytesRead), sha256: hash.digest("hex") };
}

/** Only a file that is not there is missing. Whatever else keeps it from being read says nothing of the archive. */
function unread(file: string, cause: unknown): SalvoError {
  const { kind, message } = toSalvoError(cause);
  if (kind === "not-found") return damaged(file, "it is missing", cause);
  const remedy = REMEDIES[kind] ?? "Check the disk or file system that it is on";
  return new SalvoError(kind, `the archived run cannot be read now: ${message}`, { file, cause, remedy });
}

const REMEDIES: Readonly<Partial<Record<ErrorKind, string>>> = {
  "out-of-resources": "The run may be whole. Allow more open files, for example with: ulimit -n 4096",
  refused: "The run may be whole. Let this user read it, or be the user who ran the study",
};

function damaged(file: string, what: string, cause?: unknown): SalvoError {
  return new SalvoError("corrupt", `the archived run is damaged: ${what}`, {
    file,
    cause,
    remedy: "Restore the run's folder from a copy, or remove it",
  });
}
