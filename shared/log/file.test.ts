import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLogFile } from "./file.ts";
import { createLogger } from "./logger.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("lines are added to what is there, and are in the file when the call returns", () => {
  const path = join(folder, "agent.log");
  createLogger({ name: "agent a", env: {}, destination: openLogFile(path) }).warn("first");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  createLogger({ name: "agent a", env: {}, destination: openLogFile(path) }).warn({ run: "r1" }, "second");
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { msg: "first" },
    { msg: "second", run: "r1" },
  ]);
});

test("a file that has grown large is set aside once", () => {
  const path = join(folder, "large.log");
  writeFileSync(path, Buffer.alloc(10 * 1024 * 1024 + 1));
  openLogFile(path).write("new\n");
  expect(readFileSync(path, "utf8")).toBe("new\n");
  expect(statSync(`${path}.old`).size).toBe(10 * 1024 * 1024 + 1);
});

test("a file that cannot be written to is told by its name", () => {
  expect(() => openLogFile(join(folder, "missing", "agent.log"))).toThrow(
    expect.objectContaining({ kind: "not-found", file: join(folder, "missing", "agent.log") }),
  );
});

test("a file on a full device ends nothing that logs to it", () => {
  const log = createLogger({ name: "agent a", env: {}, destination: openLogFile("/dev/full") });
  expect(() => log.warn("lost")).not.toThrow();
});
