/** Real loop devices for tests. They have no serial number or WWN, so tests give them some, as a disk's firmware would. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type Device, DeviceSchema } from "@salvo/proto/lab_pb.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { run } from "@salvo/shared/process/run.ts";
import { linuxPlatform } from "@salvo/agent-guest/platform.ts";

const MIB = 1024 * 1024;
export const LOOP_BYTES = 16 * MIB;

export interface LoopDisk {
  readonly path: string;
  readonly image: string;
  /** As an agent's file lists it. */
  readonly device: Device;
  hash(): Promise<string>;
}

export interface Loops extends AsyncDisposable {
  readonly folder: string;
  /** The real disks of this host, the loop devices of this test with an identity. */
  readonly disks: Disks;
  add(name: string, bytes?: number): Promise<LoopDisk>;
  /** Runs a program that must succeed. */
  sh(command: string, ...args: string[]): Promise<string>;
  /** To be undone before the loop devices go, last first. */
  defer(undo: () => Promise<unknown>): void;
}

export async function openLoops(): Promise<Loops> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-loops-"));
  const identities = new Map<string, Pick<DiskIdentity, "serial" | "wwn">>();
  const undo: (() => Promise<unknown>)[] = [];
  const real = linuxPlatform().disks;
  const named = (identity: DiskIdentity): DiskIdentity => ({ ...identity, ...identities.get(identity.path) });

  async function sh(command: string, ...args: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await run(command, args, { timeoutMs: 30_000 });
    if (exitCode !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  return {
    folder,
    sh,
    defer: (step) => void undo.push(step),
    disks: {
      ...real,
      identify: () => real.identify().map(named),
      open(disk) {
        const opened = real.open(disk);
        return {
          ...opened,
          look(startBytes) {
            const facts = opened.look(startBytes);
            return { ...facts, identity: named(facts.identity) };
          },
        };
      },
    },
    async add(name, bytes = LOOP_BYTES) {
      const image = join(folder, name);
      await writeFile(image, "");
      await truncate(image, bytes);
      const path = await sh("losetup", "--find", "--show", image);
      undo.push(() => sh("losetup", "--detach", path));
      const [serial, wwn] = [`${basename(folder)}-${name}`, `naa.6${hex(`${folder}/${name}`)}`];
      identities.set(path, { serial: { value: serial }, wwn: { value: wwn } });
      return {
        path,
        image,
        device: create(DeviceSchema, { name, sizeBytes: BigInt(bytes), disk: { serial, wwn } }),
        hash: () => hashOf(image),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const step of undo.toReversed()) await step();
      await rm(folder, { recursive: true });
    },
  };
}

function hex(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 31);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer); // a stream without encoding
  return hash.digest("hex");
}
