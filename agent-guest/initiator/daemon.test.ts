/** The start of iscsid, with a program of ours in its place and real sockets of this host. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { run } from "@salvo/shared/process/run.ts";
import { linuxHost } from "../provision/host.ts";
import { isListening, runDaemon, startDaemon } from "./daemon.ts";

const HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const NAME = "@ISCSIADM_ABSTRACT_NAMESPACE";
const line = (flags: string, path: string) => `0000000000000000: 00000002 00000000 ${flags} 0001 01 4711 ${path}\n`;
const LISTENING = HEAD + line("00010000", NAME);

/** A host whose sockets are these, one look after the other; the last stays. */
function hostWith(...looks: readonly string[]) {
  let at = 0;
  return { read: (file: string) => (file === "/proc/net/unix" ? looks[Math.min(at++, looks.length - 1)] : undefined) };
}

const START = { type: "start-daemon", program: "iscsid", args: [] } as const;
const failing = async () => {
  throw new Error("exit code 1: can not bind IPC socket");
};

test.each([
  ["it listens", LISTENING, true],
  ["nobody is there", HEAD, false],
  ["somebody is connected, and nobody listens", HEAD + line("00000000", NAME), false],
  ["another name that begins as its own", HEAD + line("00010000", `${NAME}-471`), false],
  ["a file that is called so", HEAD + line("00010000", `/tmp/${NAME}`), false],
])("%s", (_, sockets, is) => {
  expect(isListening(hostWith(sockets))).toBe(is);
});

test("one that listens is not started again", async () => {
  await startDaemon(START, { host: hostWith(LISTENING), run: failing });
});

test("its start is over when it listens, not when the program that starts it has ended", async () => {
  const ran: string[] = [];
  const host = hostWith(HEAD, HEAD, HEAD, LISTENING);
  await startDaemon(START, { host, run: async (program) => void ran.push(program) });
  expect(ran).toEqual(["iscsid"]);
});

test("of two that start it at the same time one fails, and what counts is that one listens", async () => {
  await startDaemon(START, { host: hostWith(HEAD, HEAD, LISTENING), run: failing });
});

test("what the program said is told when nobody listens in the end", async () => {
  const wait = { host: hostWith(HEAD), answerMs: 60 };
  await expect(startDaemon(START, { ...wait, run: failing })).rejects.toThrow("exit code 1: can not bind IPC socket");
  await expect(startDaemon(START, { ...wait, run: async () => {} })).rejects.toMatchObject({
    kind: "timeout",
    message: expect.stringContaining("iscsid ended well, and iscsid does not listen"),
  });
});

test("a real program that fails is named by what it printed, and a real socket is seen", async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-daemon-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, "iscsid");
  await writeFile(program, "#!/bin/sh\necho 'iscsid: no such module' >&2\nexit 3\n");
  await chmod(program, 0o755);
  const start = { ...START, program };
  await expect(startDaemon(start, { host: hostWith(HEAD), run: runDaemon, answerMs: 60 })).rejects.toThrow(
    "exit code 3: iscsid: no such module",
  );
  // As the kernel shows an abstract socket that listens, by another name: iscsid's own may be taken on this host.
  const server = createServer().listen(`\0SALVO_TEST_${process.pid}`);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const shown = linuxHost.read("/proc/net/unix")?.replaceAll(`@SALVO_TEST_${process.pid}`, NAME);
  expect(isListening({ read: () => shown })).toBe(true);
});

test("a daemon that has no session of its own yet outlives the program that started it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-daemon-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [program, gate, alive] = ["iscsid", "gate", "alive"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]; // three
  await run("mkfifo", [gate]);
  await writeFile(program, `#!/bin/sh\n(read _ <${gate}; echo yes >${alive}) &\nexit 0\n`);
  await chmod(program, 0o755);
  await runDaemon(program, []);
  // Nobody reads from the gate when it was killed: then this cannot be opened.
  const open = () => openSync(gate, constants.O_WRONLY | constants.O_NONBLOCK);
  const handle = await vi.waitFor(open, { timeout: 20_000 });
  writeSync(handle, "\n");
  closeSync(handle);
  await vi.waitFor(async () => expect(await readFile(alive, "utf8")).toBe("yes\n"), { timeout: 20_000 });
});
