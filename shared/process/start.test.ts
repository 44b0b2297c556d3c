import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "./run.ts";
import { startProcess } from "./start.ts";
import type { RunningProcess } from "./supervise.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-process-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** No orphan, and no zombie of ours; where PID 1 is no real init, it may leave its zombies lying about. */
function isGone(pid: number): Promise<void> {
  return vi.waitFor(() => expect(["none", "Z 1"]).toContain(stateAndParent(pid)), { interval: 2 });
}

function stateAndParent(pid: number): string {
  if (!existsSync(`/proc/${pid}/stat`)) return "none";
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").slice(0, 2).join(" ");
}

async function firstLine(program: RunningProcess): Promise<string> {
  const [chunk] = (await once(program.stdout, "data")) as [Buffer]; // a Readable without encoding gives Buffers
  return chunk.toString().trim();
}

test("arguments, environment, folder and input reach the program as they are", async () => {
  await using program = await startProcess("sh", ["-c", 'echo "$1" "$WORD" "$PWD"; cat', "sh", "$(a b) ; *"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], WORD: "w" },
    stdin: "from stdin",
  });
  expect(await text(program.stdout)).toBe(`$(a b) ; * w ${folder}\nfrom stdin`);
  expect(await program.exited).toMatchObject({ reason: "exited", exitCode: 0, signal: null, stderr: "" });
});

test("the exit code and the end of stderr are kept, within their limit", async () => {
  await using program = await startProcess("sh", ["-c", "seq 1 100000 >&2; exit 3"], { stderrBytesMax: 15 });
  const end = await program.exited;
  expect(end).toMatchObject({ reason: "exited", exitCode: 3, stderr: "99998\n99999\n100000\n".slice(-15) });
});

test("a program that is not there is named, with what to do", async () => {
  const missing = startProcess("no-such-program", [], { env: { PATH: "/usr/bin" } });
  await expect(missing).rejects.toMatchObject({
    kind: "not-found",
    message: "the program no-such-program is in no folder of PATH (/usr/bin)",
    remedy: "Install no-such-program, or name it by its full path",
  });
  await expect(startProcess("./nothing", [], { cwd: folder })).rejects.toMatchObject({
    kind: "not-found",
    message: `there is no program ${folder}/nothing`,
  });
  await expect(startProcess("true", [], { cwd: join(folder, "gone") })).rejects.toMatchObject({
    kind: "not-found",
    message: expect.stringContaining(join(folder, "gone")),
  });
});

test("a file that cannot be executed is refused, and one whose interpreter is missing says so in its end", async () => {
  const file = join(folder, "file");
  await writeFile(file, "#!/no/such/interpreter\n");
  await expect(startProcess(file, [])).rejects.toMatchObject({ kind: "refused" });
  await chmod(file, 0o755);
  await using program = await startProcess(file, []);
  expect(await program.exited).toMatchObject({ exitCode: 127, stderr: expect.stringContaining(file) });
  await expect(startProcess(file, [], { dieWithParent: false })).rejects.toMatchObject({ kind: "not-found" });
});

test("arguments that are too long are an error, not a crash", async () => {
  await expect(startProcess("true", ["x".repeat(3_000_000)])).rejects.toMatchObject({
    kind: "program-failed",
    message: expect.stringContaining("E2BIG"),
  });
});

test("stop asks first and insists after the grace", async () => {
  await using polite = await startProcess("sh", ["-c", 'trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done']);
  expect(await firstLine(polite)).toBe("ready");
  expect(await polite.stop({ graceMs: 20_000 })).toMatchObject({ reason: "killed", exitCode: 7 });

  await using stubborn = await startProcess("sh", ["-c", 'trap "" TERM; echo ready; while :; do sleep 1; done']);
  expect(await firstLine(stubborn)).toBe("ready");
  expect(await stubborn.stop({ graceMs: 20 })).toMatchObject({ reason: "killed", signal: "SIGKILL" });
  expect(stubborn.kill()).toBe(false);
});

test("the first reason of an end is kept", async () => {
  await using elsewhere = await startProcess("sleep", ["1000"]);
  process.kill(elsewhere.pid, "SIGTERM");
  expect(await elsewhere.exited).toMatchObject({ reason: "signalled", signal: "SIGTERM" });

  await using late = await startProcess("sleep", ["1000"], { timeoutMs: 20 });
  const end = await late.exited;
  expect(end).toMatchObject({ reason: "timed-out", signal: "SIGKILL" });
  expect(end.durationMs).toBeGreaterThan(15);

  const stubborn = ["-c", 'trap "" TERM; echo ready; while :; do sleep 1; done'];
  await using killed = await startProcess("sh", stubborn, { timeoutMs: 100 });
  expect(await firstLine(killed)).toBe("ready");
  killed.kill("SIGTERM");
  expect(await killed.exited).toMatchObject({ reason: "killed", signal: "SIGKILL" });

  const stop = new AbortController();
  await using aborted = await startProcess("sleep", ["1000"], { signal: stop.signal });
  stop.abort();
  expect(await aborted.exited).toMatchObject({ reason: "killed", signal: "SIGKILL" });
  await expect(startProcess("sleep", ["1000"], { signal: stop.signal })).rejects.toMatchObject({ kind: "cancelled" });
});

test("a signal goes to the process alone and is no end", async () => {
  const script = 'trap "echo got it" USR1; echo ready; while :; do sleep 0.01; done';
  await using program = await startProcess("sh", ["-c", script]);
  expect(await firstLine(program)).toBe("ready");
  expect(program.signal("SIGUSR1")).toBe(true);
  expect(await firstLine(program)).toBe("got it");
  process.kill(program.pid, "SIGKILL");
  expect((await program.exited).reason).toBe("signalled");
  expect(program.signal("SIGUSR1")).toBe(false);
});

test("killing takes the grandchildren too", async () => {
  await using program = await startProcess("sh", ["-c", "sleep 1000 & echo $!; wait"]);
  const grandchild = Number(await firstLine(program));
  expect(program.kill()).toBe(true);
  expect((await program.exited).reason).toBe("killed");
  await isGone(grandchild);
});

test("what a program leaves in its group ends with it, and does not hold up its end", async () => {
  await using program = await startProcess("sh", ["-c", "sleep 1000 & echo $!"]);
  const left = Number(await firstLine(program));
  expect((await program.exited).durationMs).toBeLessThan(10_000);
  await isGone(left);
});

test("a daemon that keeps stderr open does not hold up the end", async () => {
  await using program = await startProcess("sh", [
    "-c",
    "echo last words >&2; setsid sleep 1000 & echo $!; sleep 0.05",
  ]);
  const daemon = Number(await firstLine(program));
  expect(await program.exited).toMatchObject({ exitCode: 0, stderr: "last words\n" });
  process.kill(daemon, "SIGKILL");
});

test("when the parent is killed its child ends, and nothing of it is left", async () => {
  const fifo = join(folder, "held");
  await run("mkfifo", [fifo]);
  const script = `
    import { startProcess } from ${JSON.stringify(join(import.meta.dirname, "start.ts"))};
    const child = await startProcess("sh", ["-c", 'exec 3> "$1"; echo ready >&3; exec sleep 1000', "sh", ${JSON.stringify(fifo)}]);
    console.log(child.pid);
    await child.exited;`;
  const parent = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const held = createReadStream(fifo);
  const [[printed], [ready]] = await Promise.all([once(parent.stdout, "data"), once(held, "data")]);
  expect(String(ready)).toBe("ready\n");
  const child = Number(String(printed));
  expect(existsSync(`/proc/${child}`)).toBe(true);
  parent.kill("SIGKILL");
  await once(held, "end"); // The last process that has the FIFO open is gone.
  await isGone(child);
});
