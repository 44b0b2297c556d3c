import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { SalvoError } from "../kernel/error.ts";
import { createLogger, type LoggerOptions } from "./logger.ts";

function recorder(options: Partial<LoggerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }; // pino writes objects
  return { lines, log: createLogger({ name: "test", env: {}, destination, ...options }) };
}

test("a line has its time, level, name and fields", () => {
  const { lines, log } = recorder();
  log.warn({ run: "r1" }, "slow");
  expect(lines).toEqual([expect.objectContaining({ level: "warn", name: "test", run: "r1", msg: "slow" })]);
  expect(lines[0]?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("warn is the default, the caller's level goes over it, and SALVO_LOG over both", () => {
  const byDefault = recorder();
  byDefault.log.info("no");
  const byCaller = recorder({ level: "info" });
  byCaller.log.info("yes");
  const byUser = recorder({ level: "info", env: { SALVO_LOG: "error" } });
  byUser.log.warn("no");
  expect([byDefault, byCaller, byUser].map(({ lines }) => lines.length)).toEqual([0, 1, 0]);
});

test("a level that does not exist is refused with those that do", () => {
  expect(() => recorder({ env: { SALVO_LOG: "loud" } })).toThrow(
    expect.objectContaining({ kind: "invalid-input", remedy: expect.stringContaining("debug") }),
  );
});

test("bigints are written exactly, at any depth", () => {
  const { lines, log } = recorder();
  log.warn({ t0Ns: 2n ** 63n - 1n, deep: [{ offsetNs: -5n }] });
  expect(lines[0]).toMatchObject({ t0Ns: "9223372036854775807", deep: [{ offsetNs: "-5" }] });
});

test("secrets are left out at any depth, in children and in causes", () => {
  const { lines, log } = recorder();
  const cause = { config: { privateKey: "s3cret" } };
  log
    .child({ token: "s3cret" })
    .child({ deep: { apiKey: "s3cret", atNs: 1n } })
    .error({ password: "s3cret", nats: [{ Secret: "s3cret" }], err: new SalvoError("internal", "x", { cause }) });
  expect(JSON.stringify(lines)).not.toContain("s3cret");
  expect(lines[0]).toMatchObject({
    token: "[redacted]",
    deep: { atNs: "1" },
    password: "[redacted]",
    nats: [{ Secret: "[redacted]" }],
  });
});

test("a SalvoError shows its facts, and a stack only when it is a bug", () => {
  const { lines, log } = recorder();
  const cause = new SalvoError("unavailable", "refused");
  log.error(
    new SalvoError("invalid-input", "no size", { host: "g1", file: "lab.yaml", line: 3, remedy: "Add it", cause }),
  );
  log.error({ err: new SalvoError("internal", "oops") }, "a bug");
  log.error(new TypeError("oops"));
  expect(lines[0]).toMatchObject({ msg: "no size" });
  expect(lines[0]?.["err"]).toEqual({
    kind: "invalid-input",
    message: "no size",
    host: "g1",
    file: "lab.yaml",
    line: 3,
    remedy: "Add it",
    cause: { kind: "unavailable", message: "refused" },
  });
  expect(lines[1]?.["err"]).toMatchObject({ kind: "internal", stack: expect.stringContaining("logger.test.ts") });
  expect(lines[2]?.["err"]).toMatchObject({ type: "TypeError", stack: expect.stringContaining("logger.test.ts") });
});

test("what others said moves no terminal on which a log is read", () => {
  const lines: string[] = [];
  const log = createLogger({ name: "test", env: {}, destination: { write: (line) => void lines.push(line) } });
  log.warn({ host: "\u001b[2J\u009b2J\u202e" }, "\u007f");
  expect(lines[0]).toContain('"host":"\\u001b[2J\\u009b2J\\u202e"');
  expect(lines[0]).toContain('"msg":"\\u007f"');
});

test("whatever is logged, logging does not fail", () => {
  const { lines, log } = recorder();
  const loop: Record<string, unknown> = { bytes: new Uint8Array(3), map: new Map([["a", 1n]]), none: null };
  loop["self"] = loop;
  log.warn(loop);
  expect(lines[0]).toMatchObject({ bytes: "[3 bytes]", map: [["a", "1"]], none: null });
});

test("nothing is lost when the process ends at once", () => {
  const script = `
    import { createLogger } from ${JSON.stringify(join(import.meta.dirname, "logger.ts"))};
    const log = createLogger({ name: "test", level: "info" });
    for (let line = 0; line < 2000; line++) log.info({ line });
    process.kill(process.pid, "SIGKILL");`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    encoding: "utf8",
    env: { ...process.env, SALVO_LOG: "" },
  });
  expect(signal).toBe("SIGKILL");
  expect(stdout).toBe("");
  expect(stderr.trimEnd().split("\n").length).toBe(2000);
});

/** A program that logs, and what becomes of it when its standard error is like that. */
function logTo(stderr: "full" | "unread") {
  const script = `
    import { createLogger } from ${JSON.stringify(join(import.meta.dirname, "logger.ts"))};
    const log = createLogger({ name: "test", level: "info" });
    process.stdin.on("end", () => {
      for (let line = 0; line < 3; line++) log.info({ line });
      setImmediate(() => process.stdout.write("still here"));
    }).resume();`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["pipe", "pipe", stderr === "full" ? openSync("/dev/full", "w") : "pipe"],
    env: { ...process.env, SALVO_LOG: "" },
  });
  child.stderr?.destroy();
  child.stdin?.end();
  return child;
}

test.for(["full", "unread"] as const)("a log that is %s ends nothing", async (stderr) => {
  const child = logTo(stderr);
  const [said, [code]] = await Promise.all([text(child.stdout!), once(child, "exit")]);
  expect({ said, code }).toEqual({ said: "still here", code: 0 });
});

test("what could not be written is told when lines can be written again", () => {
  const written: string[] = [];
  let full = true;
  const destination = {
    write(line: string) {
      if (full) throw new Error("no space left");
      written.push(line);
    },
  };
  const log = createLogger({ name: "test", env: {}, destination });
  log.warn("one");
  log.warn("two");
  full = false;
  log.warn("three");
  expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    // pino writes objects
    "2 lines before this one could not be written: no space left",
    "three",
  ]);
});
