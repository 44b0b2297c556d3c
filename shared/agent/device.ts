import { randomFillSync } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import type { AgentConfig, Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Waiting } from "../kernel/signal.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
/** The least that storage looks for doubles in. */
const BLOCK_BYTES = 4096;

/** The only way to a device: by its name in the agent's own configuration. Throws `refused` for any other name. */
export function listedDevice(config: AgentConfig, name: string): Device {
  const device = config.devices.find((listed) => listed.name === name);
  if (device) return device;
  const listed = config.devices.map((each) => each.name).join(", ") || "none";
  throw new SalvoError("refused", `device ${name} is not listed in the configuration of agent ${config.id}`, {
    host: config.id,
    remedy: `Listed: ${listed}. Only what stands under devices: in the agent's own file is ever written to.`,
  });
}

/**
 * Makes the file what its configuration says: at least so large, and every block of it really there. A file with holes
 * would be read from nowhere, and faster than any disk. Fills with random data, which no storage can compress away.
 * Throws `refused` for what is not a plain file.
 */
export async function prepareDevice(device: Device, { signal }: Waiting = {}): Promise<void> {
  const found = await lstat(device.path).catch(() => undefined);
  if (found && !found.isFile()) {
    throw new SalvoError("refused", `device ${device.name}: ${device.path} is not a plain file`, {
      remedy: "Raw disks need the disk guard, which this version does not have; name a file.",
    });
  }
  let file: FileHandle | undefined;
  try {
    file = await open(device.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const before = await file.stat();
    const wantedBytes = Number(device.sizeBytes);
    const hasHoles = before.blocks * 512 < before.size;
    const fromByte = hasHoles ? 0 : before.size;
    if (fromByte < wantedBytes) {
      await fill(file, fromByte, wantedBytes, signal);
      await file.datasync();
    }
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    throw new SalvoError(kind, `device ${device.name}: ${message}`, {
      file: device.path,
      cause: error,
      ...remedyFor(kind),
    });
  } finally {
    await file?.close();
  }
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
    return { remedy: "Free space there, or make the device smaller in the agent's configuration." };
  if (kind === "not-found") return { remedy: "Make the folder, or correct path: in the agent's configuration." };
  return {};
}
