import { randomFillSync } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import type { Waiting } from "../../kernel/signal.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
/** The least that storage looks for doubles in. */
const BLOCK_BYTES = 4096;
/** So many blocks are looked at for holes, evenly spread: a hole of 1/4096 of the device is always found. */
const BLOCKS_LOOKED_AT = 4096;

/** Throws `refused` for a name that is not in the agent's own configuration. */
export function listedDevice(config: Pick<AgentConfig, "id" | "devices">, name: string): Device {
  const device = config.devices.find((listed) => listed.name === name);
  if (device) return device;
  const listed = config.devices.map((each) => each.name).join(", ") || "none";
  throw new SalvoError("refused", `device ${name} is not listed in the file of agent ${config.id}`, {
    host: config.id,
    remedy: `Listed: ${listed}. Runs write only to what the agent's own file lists under devices.`,
  });
}

/**
 * Throws `refused` when two devices are one file, by whatever names, or one lies in the agent's own data folder: a workload
 * would overwrite another one's file, or the agent's journals.
 */
export async function checkDevices({ id, dataDir, devices }: AgentConfig): Promise<void> {
  const own = (await realFolder(resolve(dataDir))) + sep;
  const known = new Map<string, string>();
  for (const { name, path, disk } of devices) {
    if (disk) continue; // by its identity, and opened for one alone
    const place = join(await realFolder(dirname(resolve(path))), basename(path));
    if (place.startsWith(own))
      throw new SalvoError("refused", `device ${name}: ${path} is in the agent's own data folder ${dataDir}`, {
        host: id,
        remedy: "Put the file somewhere else: path: in the agent's file.",
      });
    const file = await fileOf(path);
    for (const key of file === undefined ? [place] : [place, file]) {
      const other = known.get(key);
      if (other !== undefined && other !== name)
        throw new SalvoError("refused", `devices ${other} and ${name} are one file: ${path}`, {
          host: id,
          remedy: "Give each device a file of its own, or take one of them out of the agent's file.",
        });
      known.set(key, name);
    }
  }
}

/** The folder without links; what is not there yet, or cannot be looked at, as it is written. */
async function realFolder(path: string): Promise<string> {
  const above = dirname(path);
  return realpath(path).catch(async () => (above === path ? path : join(await realFolder(above), basename(path))));
}

async function fileOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined); // what is wrong with it is told when it is armed
  return found && `inode ${found.dev}:${found.ino}`;
}

/**
 * Makes the file what its configuration says: at least so large, and every block of it really there. A file with holes
 * would be read from nowhere, and faster than any disk. One that is nothing but a hole is filled; one that has data and holes
 * is not ours, and is refused: filling it would overwrite the data. Fills with random data, which no storage can compress
 * away. Whoever gets its handle closes it. Throws `refused` for what is not a plain file.
 */
export async function prepareDevice(device: Device, { signal }: Waiting = {}): Promise<FileHandle> {
  const found = await lstat(device.path).catch(() => undefined);
  if (found && !found.isFile()) {
    throw new SalvoError("refused", `device ${device.name}: ${device.path} is not a plain file`, {
      remedy:
        "List a raw disk by what it is (disk: with serial, wwn, iqn and lun) and not by its path, or name a file.",
    });
  }
  let file: FileHandle | undefined;
  try {
    file = await open(device.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    await refuseOtherNames(file, device.path);
    const wantedBytes = Number(device.sizeBytes);
    const fromByte = await wholeBytes(file, wantedBytes);
    if (fromByte < wantedBytes) {
      await fill(file, fromByte, wantedBytes, signal);
      await file.datasync();
    }
    return file;
  } catch (error) {
    await file?.close();
    const { kind, message, remedy } = toSalvoError(error);
    throw new SalvoError(kind, `device ${device.name}: ${message}`, {
      file: device.path,
      cause: error,
      ...(remedy === undefined ? remedyFor(kind) : { remedy }),
    });
  }
}

/**
 * Somebody's file may have been given a second name where the device is looked for, and that name may be gone again: one name is
 * enough only if it is this one, now. Throws `refused`.
 */
export async function refuseOtherNames(file: FileHandle, path: string): Promise<void> {
  const opened = await file.stat({ bigint: true });
  const named = await lstat(path, { bigint: true }).catch(() => undefined); // gone, or not to be looked at: it is refused
  const links = named && named.nlink > opened.nlink ? named.nlink : opened.nlink;
  if (links > 1n)
    throw new SalvoError("refused", `it has ${links} names (hard links), and may be somebody's file`, {
      remedy: "Remove its other names, or name another file: path: in the agent's file.",
    });
  if (links === 1n && named?.isFile() && named.dev === opened.dev && named.ino === opened.ino) return;
  throw new SalvoError("refused", "it was exchanged while it was opened, and what was opened may be somebody's file", {
    remedy: "Let nobody else write to its folder, or name another file: path: in the agent's file.",
  });
}

/** How much of the file need not be filled. */
async function wholeBytes(file: FileHandle, wantedBytes: number): Promise<number> {
  const { size, blocks } = await file.stat();
  if (blocks * 512 >= size) return size;
  // Holes, or a file system that compresses: there a file of ours has no block of zeros all the same.
  const { zero, other } = await lookForHoles(file, Math.min(size, wantedBytes));
  if (zero === 0) return size;
  if (other > 0 || blocks > 0)
    throw new SalvoError("refused", "it has holes and data, so Salvo did not make it", {
      remedy: "Remove the file if its data is of no use, or name another one: path: in the agent's file.",
    });
  await file.truncate(0); // filled in part it would look like somebody's data
  return 0;
}

/** Blocks of zeros, and others, among those looked at. */
async function lookForHoles(file: FileHandle, bytes: number): Promise<{ zero: number; other: number }> {
  const blocks = Math.ceil(bytes / BLOCK_BYTES);
  const looks = Math.min(blocks, BLOCKS_LOOKED_AT);
  const block = Buffer.alloc(BLOCK_BYTES);
  let zero = 0;
  for (let look = 0; look < looks; look++) {
    const at = Math.floor((look * blocks) / looks) * BLOCK_BYTES;
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, at);
    if (block.subarray(0, bytesRead).every((byte) => byte === 0)) zero++;
  }
  return { zero, other: looks - zero };
}

async function fill(
  file: FileHandle,
  fromByte: number,
  toByte: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(toByte - fromByte, 8)));
  randomFillSync(chunk);
  for (let at = fromByte; at < toByte;) {
    signal?.throwIfAborted();
    for (let block = 0; block + 8 <= chunk.length; block += BLOCK_BYTES)
      chunk.writeBigUInt64LE(BigInt(at + block), block); // no two blocks are equal: nothing to deduplicate
    const { bytesWritten } = await file.write(chunk, 0, Math.min(chunk.length, toByte - at), at);
    at += bytesWritten;
  }
}

function remedyFor(kind: string): { remedy?: string } {
  if (kind === "out-of-resources")
    return { remedy: "Free space there, or make the device smaller in the agent's file." };
  if (kind === "not-found") return { remedy: "Make the folder, or correct path: in the agent's file." };
  return {};
}
