import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "@salvo/shared/process/run.ts";
import { readFioLimits } from "./fio-limits.ts";

let proc: string;
beforeEach(async () => {
  proc = await mkdtemp(join(tmpdir(), "salvo-limits-"));
  for (const folder of ["self", "sys/fs", "sys/kernel"]) await mkdir(join(proc, folder), { recursive: true });
});
afterEach(() => rm(proc, { recursive: true }));

interface Shown {
  readonly files?: string;
  readonly locked?: string;
  readonly capabilities?: string;
  readonly groups?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
}

/** A /proc as Linux 6.18 shows it. */
async function show(shown: Shown): Promise<void> {
  const {
    files = "1024",
    locked = "8388608",
    capabilities = "0000000000000000",
    groups = "4 27",
    sysctls = {},
  } = shown;
  const limits = [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    `Max open files            ${files.padEnd(20)} 1048576              files     `,
    `Max locked memory         ${locked.padEnd(20)} unlimited            bytes     `,
  ];
  await writeFile(join(proc, "self/limits"), `${limits.join("\n")}\n`);
  const status = `Name:\tnode\nGid:\t1000\t1000\t1000\t1000\nGroups:\t${groups} \nCapEff:\t${capabilities}\n`;
  await writeFile(join(proc, "self/status"), status);
  for (const [name, value] of Object.entries(sysctls)) await writeFile(join(proc, "sys", name), `${value}\n`);
}

test("soft limits and what others have taken are told as they are", async () => {
  await show({ sysctls: { "fs/aio-max-nr": "65536", "fs/aio-nr": "512" } });
  expect(readFioLimits(proc)).toMatchObject({
    aioMax: 65_536n,
    aioTaken: 512n,
    openFiles: 1_024n,
    lockedBytes: 8_388_608n,
    noIoUring: false,
  });
});

test("what is unlimited, or not there, is absent", async () => {
  await show({ files: "unlimited", locked: "unlimited" });
  const { aioMax, openFiles, lockedBytes } = readFioLimits(proc);
  expect([aioMax, openFiles, lockedBytes]).toEqual([undefined, undefined, undefined]);
});

test("who may lock memory has no limit on it", async () => {
  await show({ capabilities: "0000000000004000" });
  expect(readFioLimits(proc).lockedBytes).toBeUndefined();
});

test.for([
  ["0", {}, false],
  ["2", { capabilities: "0000000000200000" }, true],
  ["1", {}, true],
  ["1", { capabilities: "0000000000200000" }, false],
  ["1", { groups: "4 990" }, false],
] satisfies [string, Shown, boolean][])(
  "io_uring with kernel.io_uring_disabled=%s and %j: refused is %s",
  async (each) => {
    const [disabled, shown, refused] = each;
    await show({ ...shown, sysctls: { "kernel/io_uring_disabled": disabled, "kernel/io_uring_group": "990" } });
    expect(readFioLimits(proc).noIoUring).toBe(refused);
  },
);

test("limits of another form are an error, not no limit", async () => {
  await writeFile(join(proc, "self/limits"), "Max open files: many\n");
  expect(() => readFioLimits(proc)).toThrow('do not tell "Max open files"');
});

test("this machine's own limits are those that its shell tells", async () => {
  const { stdout } = await run("sh", ["-c", "ulimit -n"]);
  expect(String(readFioLimits().openFiles ?? "unlimited")).toBe(stdout.trim());
  expect(readFioLimits().aioMax).toBe(BigInt(readFileSync("/proc/sys/fs/aio-max-nr", "latin1").trim()));
});
