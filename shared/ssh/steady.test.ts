import { chmod } from "node:fs/promises";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectSsh } from "./connection.ts";
import { type Sshd, startSshd } from "./sshd.fixture.ts";
import { openSteadySsh } from "./steady.ts";

/** As strict as ESXi's own is thought to be. */
let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ config: ["MaxSessions 4", "MaxStartups 2:100:4"] });
}, 60_000);
afterAll(() => sshd[Symbol.asyncDispose]());

test("many commands at once go through few channels, where as many channels would be refused", async () => {
  const numbers = Array.from({ length: 12 }, (_, index) => String(index));
  {
    using plain = await connectSsh(sshd.target);
    const all = await Promise.allSettled(
      numbers.map((each) => plain.run(["sh", "-c", 'read x; echo "$1"', "sh", each])),
    );
    expect(all.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
  }
  using steady = openSteadySsh(sshd.target, { channels: 3 });
  const answers = await Promise.all(numbers.map((each) => steady.run(["echo", each])));
  expect(answers.map(({ stdout }) => stdout.trim())).toEqual(numbers);
});

test("a stream runs beside commands, and its program ends with it", async () => {
  using steady = openSteadySsh(sshd.target);
  const lines: string[] = [];
  for await (const chunk of steady.stream(["sh", "-c", "while echo row; do read -t 0.02 x </dev/zero; done"])) {
    lines.push(chunk.toString());
    if (lines.length === 1) expect((await steady.run(["echo", "beside"])).stdout).toBe("beside\n");
    if (lines.length > 2) break;
  }
  expect(lines.join("")).toContain("row\n");
});

test("a stream whose program fails says what it said", async () => {
  using steady = openSteadySsh(sshd.target);
  const read = async () => {
    for await (const _ of steady.stream(["sh", "-c", "echo a; echo no such entity >&2; exit 3"]));
  };
  await expect(read()).rejects.toMatchObject({
    kind: "program-failed",
    message: "sh ended with exit code 3: no such entity",
  });
});

test("a host that goes down fails what runs, and is connected to anew for the next command", async () => {
  using steady = openSteadySsh(sshd.target);
  const mark = join(sshd.root, "tmp/began");
  const running = steady.run(["sh", "-c", "echo >/tmp/began; exec sleep 60"]);
  const lost = expect(running).rejects.toMatchObject({ kind: "unavailable", message: expect.stringContaining("lost") });
  await expect.poll(() => existsSync(mark)).toBe(true);
  await sshd.stop();
  await lost;
  await sshd.start();
  expect((await steady.run(["echo", "back"])).stdout).toBe("back\n");
});

test("a command that takes too long is left, and the next ones have channels as before", async () => {
  using steady = openSteadySsh(sshd.target, { channels: 1 });
  for (let round = 0; round < 6; round++)
    await expect(steady.run(["sleep", "60"], { deadlineMs: 50 })).rejects.toMatchObject({
      kind: "timeout",
      message: "sleep 60 on 127.0.0.1 took longer than 50 ms",
    });
  expect((await steady.run(["echo", "still"])).stdout).toBe("still\n");
});

test("a command that waits for a channel can be given up", async () => {
  using steady = openSteadySsh(sshd.target, { channels: 1 });
  const leave = new AbortController();
  const first = steady.run(["sh", "-c", "read x; echo $x"], { stdin: "done\n" });
  const second = steady.run(["echo", "never"], { signal: leave.signal });
  leave.abort();
  await expect(second).rejects.toMatchObject({ kind: "cancelled" });
  expect((await first).stdout).toBe("done\n");
  expect((await steady.run(["echo", "third"])).stdout).toBe("third\n");
});

test("output beyond its limit ends the command, and not the connection", async () => {
  using steady = openSteadySsh(sshd.target);
  await expect(steady.run(["yes"], { outputBytesMax: 1000 })).rejects.toMatchObject({ kind: "out-of-resources" });
  expect((await steady.run(["echo", "on"])).stdout).toBe("on\n");
});

test("another host key is refused at once, and not tried again", async () => {
  using steady = openSteadySsh({ ...sshd.target, hostKey: `SHA256:${"A".repeat(43)}` }, { retriesMs: [60_000] });
  await expect(steady.run(["true"])).rejects.toMatchObject({ kind: "refused" });
});

test("a password comes from a file that nobody else can read, and a wrong one is told as such", async () => {
  const { keyFile: _, ...target } = sshd.target;
  const { passwordFile } = sshd;
  using steady = openSteadySsh({ ...target, passwordFile });
  expect((await steady.run(["echo", "in"])).stdout).toBe("in\n");

  const wrong = join(sshd.root, "../wrong");
  writeFileSync(wrong, "guess\n", { mode: 0o600 });
  using stranger = openSteadySsh({ ...target, passwordFile: wrong });
  await expect(stranger.run(["true"])).rejects.toMatchObject({
    kind: "refused",
    remedy: expect.stringContaining(`Compare the first line of ${wrong}`),
  });
  await chmod(wrong, 0o644);
  await expect(stranger.run(["true"])).rejects.toMatchObject({ kind: "refused", remedy: `Type: chmod 600 ${wrong}` });
});

test("a connection that is closed at the door is tried again", async () => {
  // MaxStartups: of those who have not logged in yet, four are let in at most.
  const lines = Array.from({ length: 8 }, () => openSteadySsh(sshd.target));
  try {
    const said = await Promise.all(lines.map((each) => each.run(["echo", "in"])));
    expect(said.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 8 }, () => "in\n"));
  } finally {
    for (const each of lines) each[Symbol.dispose]();
  }
});
