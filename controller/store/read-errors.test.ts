/** A run that cannot be read at this moment, or by this user, is neither missing nor damaged. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSizes, checkSums } from "./checksums.ts";
import { whyUnread } from "./duckdb-error.ts";
import { runFolder } from "./layout.ts";

let dataDir: string;
let run: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-unread-"));
  run = runFolder(dataDir, "one");
  await mkdir(run, { recursive: true });
  await writeFile(join(run, "SHA256SUMS"), "");
});
afterEach(() => rm(dataDir, { recursive: true }));

/** What the code gives in a process of its own, which may be changed as no test's may. */
function inProcess(...code: readonly string[]): unknown {
  const script = `
    import { openSync, writeSync } from "node:fs";
    import { checkSums } from ${JSON.stringify(join(import.meta.dirname, "checksums.ts"))};
    import { listRuns } from ${JSON.stringify(join(import.meta.dirname, "runs.ts"))};
    const say = (value) => writeSync(1, JSON.stringify(value));
    ${code.join("\n")}`;
  const node = [process.execPath, "--input-type=module-typescript", "--eval", script].map((each) => `'${each}'`);
  return JSON.parse(execFileSync("sh", ["-c", `ulimit -n 64; exec ${node.join(" ")}`], { encoding: "utf8" }));
}

test("without a file handle left a run is not called damaged", () => {
  const found = inProcess(
    'try { for (;;) openSync("/dev/null"); } catch {}',
    `setImmediate(() => checkSums(${JSON.stringify(run)}).catch(({ kind, message, remedy }) => say({ kind, message, remedy })));`,
  );
  expect(found).toEqual({
    kind: "out-of-resources",
    message: expect.stringMatching(/cannot be read now: EMFILE/),
    remedy: "The run may be whole. Allow more open files, for example with: ulimit -n 4096",
  });
});

test("a run that this user may not read is listed as unreadable, with what to do", async () => {
  await chmod(dataDir, 0o755);
  await chmod(run, 0);
  const found = inProcess(
    "if (process.getuid() === 0) process.seteuid(65534);",
    `setImmediate(() => listRuns(${JSON.stringify(dataDir)}).then((runs) => say(runs.map(({ verdict, reason }) => [verdict, reason]))));`,
  );
  await chmod(run, 0o700);
  expect(found).toEqual([["unreadable", expect.stringMatching(/EACCES.*Let this user read it/)]]);
});

test.for(["SHA256SUMS", "samples.parquet"])("only where %s is not there it is missing", async (name) => {
  const sums = `${"0".repeat(64)}  samples.parquet\n`;
  if (name === "samples.parquet") await writeFile(join(run, "SHA256SUMS"), sums);
  else await rm(join(run, name));
  await expect(checkSums(run)).rejects.toMatchObject({
    kind: "corrupt",
    message: expect.stringContaining("it is missing"),
  });
  await mkdir(join(run, name)); // no file, and no file can be read of it
  await expect(checkSums(run)).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("cannot be read now: EISDIR"),
  });
});

test("a size that cannot be asked for is not one that is wrong", async () => {
  const files = [{ path: "SHA256SUMS/inside", bytes: 0n }]; // ENOTDIR
  await expect(checkSizes(run, files)).rejects.toMatchObject({
    message: expect.stringContaining("cannot be read now"),
  });
});

test.for([
  ['IO Error: Cannot open file "a": Too many open files', "out-of-resources"],
  ['IO Error: Cannot open file "a": Permission denied', "refused"],
  ['IO Error: Could not read from file "a": Input/output error', "unavailable"],
  ["Invalid Input Error: No magic bytes found at end of file 'a'", "corrupt"],
] as const)("DuckDB's %s is %s", ([said, kind]) => {
  expect(whyUnread(new Error(said), "a")).toMatchObject({ kind, file: "a" });
});
