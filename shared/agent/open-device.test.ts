import { link, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/lab_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashOfDevice, openDevice } from "./open-device.ts";
import { openClaims } from "./guard/claims.ts";
import type { Platform } from "./platform.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-open-device-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a device that has become another's file since the agent was asked is refused when it is armed", async () => {
  const [one, two] = ["one", "two"].map((name) => ({ name, path: join(folder, name), sizeBytes: 4096n }));
  const config = create(AgentConfigSchema, { id: "guest1", dataDir: join(folder, "data"), devices: [one!, two!] });
  const device = config.devices[0]!;
  // Of files nothing is asked of the platform.
  const deps = { config, platform: {} as Platform, lab: "bench" };
  const planned = await hashOfDevice(device, openClaims(config.dataDir));
  expect((await openDevice(device, planned, deps)).path).toBe(join(folder, "one"));
  await writeFile(join(folder, "one"), Buffer.alloc(4096, 1));
  await link(join(folder, "one"), join(folder, "two"));
  await expect(openDevice(device, planned, deps)).rejects.toMatchObject({
    kind: "refused",
    message: `devices one and two are one file: ${join(folder, "two")}`,
  });
});
