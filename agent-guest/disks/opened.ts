import type { OpenedDisk } from "@salvo/shared/agent/guard/disks.ts";
import type { DiskIdentity, Fact } from "@salvo/shared/agent/domain/guard/facts.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { deviceNumber } from "../disk.ts";
import { fact } from "./fact.ts";
import { identifyDisk, nodeOf } from "./identity.ts";
import { findLabel } from "./start.ts";
import { blockNumber, disksBelow, numbersOf, parseMounts, parseSwaps, partsOf } from "./use.ts";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

/** What a host needs to run, and to start again. */
const SYSTEM = new Set(["/", "/usr", "/var", "/boot", "/boot/efi", "/efi"]);

/** O_EXCL on a block device (open(2)): fails with EBUSY while a file system, an array or anybody else has it so. */
export function openDisk(identity: DiskIdentity): OpenedDisk {
  const { path } = identity;
  let { fd, exclusive, writable } = openHandle(path);
  let closed = false;
  // What cannot be opened is refused; what else speaks against it is told by its number.
  const sysOf = (handle: number | undefined) => {
    assert(!closed, `${path} is still held`);
    const number = handle === undefined ? numberOf(identity) : deviceNumber(fstatSync(handle).rdev);
    return realpathSync(`/sys/dev/block/${number}`);
  };
  /** fio opens it by its path: that must still lead to what the handle is. */
  const leadsHere = () => {
    const there = deviceNumber(statSync(path).rdev);
    if (fd !== undefined && there !== deviceNumber(fstatSync(fd).rdev))
      throw new Error(`${path} leads to device ${there} now`);
  };
  return {
    look(startBytes) {
      const at = <T>(find: (folder: string) => T): Fact<T> => fact(() => find(sysOf(fd)));
      return {
        identity: identifyAgain(identity, () => {
          leadsHere();
          return sysOf(fd);
        }),
        exclusive,
        readOnly: at((folder) => flag(folder, "ro")),
        removable: at((folder) => flag(folder, "removable")),
        partitions: at((folder) =>
          partsOf(folder)
            .slice(1)
            .map(({ name }) => name),
        ),
        holders: at((folder) => holdersOf(folder).map(({ name }) => name)),
        multipath: at((folder) =>
          holdersOf(folder)
            .filter(({ uuid }) => uuid.startsWith("mpath-"))
            .map(({ name }) => name),
        ),
        mounts: at((folder) => {
          const numbers = new Set(partsOf(folder).map(({ number }) => number));
          return mounts()
            .filter((mount) => numbersOf(mount).some((each) => numbers.has(each)))
            .map((mount) => mount.at);
        }),
        swaps: at((folder) => {
          const numbers = new Set(partsOf(folder).map(({ number }) => number));
          return swaps().filter((swap) => numbers.has(blockNumber(swap) ?? ""));
        }),
        system: at((folder) => {
          const number = read(folder, "dev");
          const parts = mounts().filter((mount) => SYSTEM.has(mount.at));
          return parts
            .filter((mount) =>
              numbersOf(mount)
                .flatMap((each) => disksBelow(each))
                .includes(number),
            )
            .map((mount) => mount.at);
        }),
        label: startBytes === 0 ? { unknown: "it was not read" } : fact(() => findLabel(fd, startBytes)),
      };
    },
    node() {
      try {
        leadsHere();
        return nodeOf(sysOf(fd));
      } catch (error) {
        return `gone (${error instanceof Error ? error.message : String(error)})`;
      }
    },
    writeLabel(block) {
      if (fd === undefined || !writable)
        throw new SalvoError("refused", `the agent does not have exclusive use of ${path}`);
      const written = writeSync(fd, block, 0, block.length, 0);
      if (written !== block.length)
        throw new SalvoError("corrupt", `only ${written} bytes of a label were written to ${path}`);
      fsyncSync(fd);
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
      closed = true;
    },
  };
}

/** Of 8:16#5 the first part. */
export function numberOf({ node }: Pick<DiskIdentity, "node">): string {
  return node.split("#")[0] ?? "";
}

interface Handle {
  fd: number | undefined;
  readonly exclusive: Fact<boolean>;
  /** Open for writing, by ourselves alone. */
  readonly writable: boolean;
}

function openHandle(path: string): Handle {
  const { O_RDWR, O_RDONLY, O_EXCL } = constants;
  const alone = tryOpen(path, O_RDWR | O_EXCL);
  if (alone.fd !== undefined) return { fd: alone.fd, exclusive: { value: true }, writable: true };
  // What is read-only may still be nobody else's.
  const readable = alone.code === "EBUSY" ? alone : tryOpen(path, O_RDONLY | O_EXCL);
  if (readable.fd !== undefined) return { fd: readable.fd, exclusive: { value: true }, writable: false };
  const { fd } = tryOpen(path, O_RDONLY);
  return {
    fd,
    exclusive: readable.code === "EBUSY" ? { value: false } : { unknown: readable.message },
    writable: false,
  };
}

function tryOpen(path: string, flags: number): { fd: number | undefined; code: string; message: string } {
  try {
    return { fd: openSync(path, flags), code: "", message: "" };
  } catch (error) {
    const code = errnoOf(error);
    return { fd: undefined, code, message: error instanceof Error ? error.message : String(error) };
  }
}

/** By the handle; of a disk that is gone nothing is known any more. */
function identifyAgain(before: DiskIdentity, folder: () => string): DiskIdentity {
  const found = fact(() => identifyDisk(folder()));
  if ("value" in found) return found.value;
  return {
    path: before.path,
    model: before.model,
    node: "gone",
    serial: found,
    wwn: found,
    target: found,
    sizeBytes: found,
  };
}

function holdersOf(folder: string): { name: string; uuid: string }[] {
  return partsOf(folder).flatMap((part) =>
    readdirSync(join(part.folder, "holders")).map((name) => ({
      name,
      // Only the device mapper's have one: mpath-..., LVM-..., CRYPT-...
      uuid: name.startsWith("dm-") ? read(join(part.folder, "holders", name), "dm/uuid") : "",
    })),
  );
}

function flag(folder: string, name: string): boolean {
  const value = read(folder, name);
  if (value !== "0" && value !== "1") throw new Error(`${name} is ${value}`);
  return value === "1";
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), "latin1").trim();
}

function mounts() {
  return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
}

function swaps() {
  return parseSwaps(readFileSync("/proc/swaps", "utf8"));
}
