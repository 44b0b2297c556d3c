import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archive, archivedManifest, type ArchivedShape } from "../store/archived.fixture.ts";
import { runFolder } from "../store/layout.ts";
import { silentIo } from "./io.ts";
import { createProgram } from "./program.ts";

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "salvo-compare-"));
});
afterEach(() => rm(data, { recursive: true, force: true }));

const ISCSI = [101_200, 99_800, 100_400, 102_900, 98_700, 100_900, 101_800, 99_100];
const ISER = [143_100, 139_900, 141_400, 146_200, 138_800, 142_000, 140_600, 144_400];

async function repeats(shape: Omit<ArchivedShape, "run" | "iops">, iops: readonly number[], day = "20261122") {
  for (const [index, each] of iops.entries()) {
    const run = `${day}-10${String(index).padStart(2, "0")}-001-${shape.scenario ?? "iscsi"}-${shape.workload ?? "4k"}`;
    const t0WallNs = 1_780_000_000_000_000_000n + BigInt(index) * 60_000_000_000n;
    await archive(data, archivedManifest({ t0WallNs, ...shape, run, repeat: index + 1, iops: each }));
  }
}

async function compare(...args: string[]) {
  const said = { stdout: "", stderr: "" };
  const io = {
    ...silentIo(),
    stdout: { write: (text: string) => (said.stdout += text) },
    stderr: { write: (text: string) => (said.stderr += text) },
    exitCode: 0,
  };
  await createProgram(io).parseAsync(["node", "salvo", "compare", ...args, "--data", data]);
  return { ...said, exitCode: io.exitCode };
}

test("two scenarios of a study: medians and the ratio with their intervals, as R gives them, and a sentence", async () => {
  await repeats({ scenario: "iscsi" }, ISCSI);
  await repeats({ scenario: "iser", p99Us: 600 }, ISER);
  const { stdout, exitCode } = await compare("iscsi", "iser");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^4k +IOPS +100,650 \(98,700 to 102,900\) +141,700 \(138,800 to 146,200\) +1\.41 times \(95 %: 1\.39 to 1\.44\) +faster$/m,
  );
  expect(stdout).toContain("4k: iser is faster: 1.41 times (95 %: 1.39 to 1.44) the IOPS of iscsi\n");
  expect(stdout).toMatch(/ p99 us .* 0\.667 times .* faster$/m);
});

test("a gate passes, fails, or cannot tell, each with its own exit code", async () => {
  await repeats({ scenario: "iscsi" }, ISCSI);
  await repeats(
    { scenario: "slow" },
    ISCSI.map((iops) => iops * 0.9),
  );
  await repeats({ scenario: "noisy" }, [101_000, 92_000, 108_000, 95_000]);
  await repeats({ scenario: "single" }, [100_000]);
  const gate = async (now: string, loss = "5%") => compare("iscsi", now, "--max-loss", loss);
  const failed = await gate("slow");
  expect(failed.exitCode).toBe(7);
  expect(failed.stdout).toMatch(
    /^fail: 4k IOPS: the loss is 10\.0 % \(95 %: 8\.\d % to 11\.\d %\); 5\.0 % is allowed$/m,
  );
  expect((await gate("slow", "15")).exitCode).toBe(0);
  const unclear = await gate("noisy", "1%");
  expect(unclear.exitCode).toBe(8);
  expect(unclear.stdout).toMatch(/^cannot tell: .* which lies within the interval$/m);
  expect(unclear.stdout).toMatch(/^4k: No difference shown: .*These repeats would show a difference of .* % or more/m);
  const single = await gate("single");
  expect(single).toMatchObject({ exitCode: 8, stdout: expect.stringContaining("Too few repeats: single has") });
});

test("latency is judged where it is asked for, and a workload that is gone cannot pass", async () => {
  await repeats({ study: "before", p99Us: 900 }, ISCSI, "20261101");
  await repeats({ study: "before", workload: "64k" }, ISCSI, "20261101");
  await repeats({ study: "after", p99Us: 1800 }, ISCSI, "20261115");
  const { stdout, exitCode } = await compare("before", "after", "--max-loss", "5", "--measure", "iops,p99");
  expect(exitCode).toBe(7);
  expect(stdout).toMatch(/^pass: iscsi\/4k IOPS: /m);
  expect(stdout).toMatch(/^fail: iscsi\/4k p99: the loss is 100\.0 %/m);
  expect(stdout).toContain(
    "iscsi/64k: 8 runs only on the side of base; the new runs have none with the same content\n",
  );
  expect((await compare("before", "after", "--max-loss", "5")).exitCode).toBe(8);
  expect((await compare("before", "after")).exitCode).toBe(0);
});

test("an edited workload is another one, and is not compared", async () => {
  await repeats({ study: "before" }, ISCSI, "20261101");
  await repeats({ study: "after", queueDepth: 32 }, ISER, "20261115");
  const { stdout } = await compare("before", "after");
  expect(stdout).toContain("no workload is on both sides");
});

test("each format tells the same", async () => {
  await repeats({ scenario: "iscsi" }, ISCSI);
  await repeats(
    { scenario: "slow" },
    ISCSI.map((iops) => iops * 0.9),
  );
  const format = async (name: string) => (await compare("iscsi", "slow", "--max-loss", "5%", "--format", name)).stdout;
  const json = JSON.parse(await format("json"));
  expect(json.workloads[0].compared[0].differences[0]).toMatchObject({
    measure: "iops",
    outcome: "below",
    ratio: { value: expect.closeTo(0.9, 6), type: "interval", confidence: expect.closeTo(0.9501, 3) },
  });
  expect(json.workloads[0].base.figures.iops.values).toEqual(ISCSI);
  expect(json.judged).toMatchObject([{ judgement: "fail", measure: "IOPS" }]);
  const csv = (await format("csv")).trim().split("\n");
  expect(csv).toHaveLength(5);
  expect(csv[1]).toMatch(/^4k,iops,,iscsi,slow,8,100650,98700,102900,interval,8,90585,.*,below,fail$/);
  const junit = await format("junit");
  expect(junit).toContain('<testsuites tests="4" failures="1" skipped="0">');
  expect(junit.match(/<testcase /g)).toHaveLength(4);
  expect(junit).toContain('<failure message="the loss is 10.0 %');
  expect(await format("markdown")).toMatch(/^\| 4k \| IOPS \| 100,650 \(95 % interval .* \| slower \|$/m);
});

test("a name with marks of XML, of tables or of formulas stays a name", async () => {
  const shape = { scenario: "iscsi", workload: '=a|b<"c"', iops: 5 };
  await archive(data, archivedManifest({ ...shape, run: "20261101-1000-001-x" }));
  await archive(data, archivedManifest({ ...shape, run: "20261102-1000-001-x" }));
  const format = async (name: string) => (await compare("20261101", "20261102", "--format", name)).stdout;
  expect(await format("junit")).toContain("iscsi/=a|b&lt;&quot;c&quot;");
  expect(await format("markdown")).toContain('| iscsi/=a\\|b<"c" |');
  expect(await format("csv")).toContain('"iscsi/=a|b<""c"""');
});

test("data folders and folders of single runs are compared as well", async () => {
  await repeats({ scenario: "iscsi" }, ISCSI);
  const run = "20261122-1000-001-iscsi-4k";
  const { stdout } = await compare(runFolder(data, run), data);
  expect(stdout).toMatch(/^iscsi\/4k +IOPS +101,200 +100,650 \(/m);
});

test("what nothing is called, what cannot be judged, and what is damaged is said", async () => {
  await repeats({ scenario: "iscsi" }, ISCSI);
  await expect(compare("iscsi", "iscs")).rejects.toMatchObject({
    kind: "invalid-input",
    message: "no sealed run is called iscs, in any of the ways that compare knows",
  });
  await expect(compare("iscsi", "iscsi", "--measure", "speed")).rejects.toMatchObject({ kind: "invalid-input" });
  await appendFile(join(runFolder(data, "20261122-1000-001-iscsi-4k"), "manifest.json"), " ");
  const { stderr, exitCode } = await compare("iscsi", "20261122");
  expect(stderr).toMatch(/SHA-256 .*; it is not compared\n$/);
  expect(exitCode).toBe(6);
});
