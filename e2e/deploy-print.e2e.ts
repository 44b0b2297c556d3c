/**
 * A host without SSH: the line that `salvo deploy --print` prints is given to a real shell, in mount and process namespaces
 * of its own, so that /opt, /etc and /var are not this machine's. Needs root.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { startSalvo, type TestProcess } from "./process.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let folder: string;
let labFile: string;
let host: Host;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-print-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  labFile = (await salvo(["init", "site", "--name", "site"]).ended).stdout.trim();
  const address = `127.0.0.1:${await freePort()}`;
  await writeFile(labFile, JSON.stringify({ name: "site", agents: [{ id: "guest1", address, roles: ["workload"] }] }));
  host = undo.use(await startHost());
});

function salvo(args: readonly string[]): TestProcess {
  return undo.use(startSalvo(args, { cwd: folder }));
}

async function print(): Promise<{ readonly command: TestProcess; readonly line: string }> {
  const command = salvo(["deploy", "guest1", "--print", "--lab", labFile]);
  const line = await command.printed(/^.*\n/, { timeoutMs: 110_000 });
  return { command, line };
}

test("an archive that is not the one that was meant changes nothing", async () => {
  const { command, line } = await print();
  const sha256 = /[0-9a-f]{64}/.exec(line)?.[0] ?? "";
  const wrong = line.replaceAll(sha256, `${sha256.slice(1)}${sha256[0] === "0" ? "1" : "0"}`);
  expect(await host.type(wrong)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("arrived damaged") });
  expect((await host.type("ls -A /opt /var/lib/salvo /etc/salvo 2>/dev/null")).stdout).not.toContain("0.1.0");
  command.interrupt();
  expect(await command.ended).toMatchObject({ exitCode: 130 });
});

test("the pasted line installs, joins and starts; the command ends when the agent answers", async () => {
  const { command, line } = await print();
  const typed = await host.type(line);
  expect(typed, typed.stderr).toMatchObject({ exitCode: 0 });
  expect(await command.ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("guest1 answers at") });
  const asked = await salvo(["agents", "--lab", labFile, "--json"]).ended;
  expect(asked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"version":"0.1.0"') });
  expect((await host.type("ls -A /run/tmp; ls -d /run/salvo-token.*")).stdout).toBe("");
  const audit = await readFile(join(dirname(labFile), "audit.jsonl"), "utf8");
  expect(audit).toContain('"deploy-print"');
  const [secret = "no token"] = /[0-9a-f]{16}\.[\w-]{43}\.[\w-]{43}/.exec(line) ?? [];
  expect(audit + command.stderr).not.toContain(secret.split(".")[1]);

  expect((await host.type(line)).exitCode, "nothing is served any more").not.toBe(0);
});

test("pasted again, with a new token, it keeps the agent's own file", async () => {
  await host.type("echo '# mine' >>/etc/salvo/agent.yaml");
  const { command, line } = await print();
  expect(await host.type(line)).toMatchObject({ exitCode: 0 });
  expect(await command.ended).toMatchObject({ exitCode: 0 });
  expect((await host.type("tail -n 1 /etc/salvo/agent.yaml")).stdout).toBe("# mine\n");
});

test("it is for one agent of the lab", async () => {
  const none = await salvo(["deploy", "--print", "--lab", labFile]).ended;
  expect(none).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("guest1") });
});

interface Host extends AsyncDisposable {
  /** At its root's prompt. */
  type(line: string): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
}

async function startHost(): Promise<Host> {
  const stage = join(folder, "host");
  const exchange = join(folder, "exchange");
  for (const each of [stage, exchange]) await mkdir(each);
  const prepare = `set -e
    mount -t tmpfs none ${stage}
    for each in etc opt var; do
      mkdir ${stage}/$each ${stage}/$each.work
      mount -t overlay none -o lowerdir=/$each,upperdir=${stage}/$each,workdir=${stage}/$each.work /$each
    done
    mount -t tmpfs none /run
    mkdir /run/tmp
    TMPDIR=/run/tmp exec sh`;
  const namespaces = ["-m", "-p", "-f", "--mount-proc", "--kill-child", "--propagation", "private"];
  const shell = spawn("setpriv", ["--pdeathsig", "KILL", "--", "unshare", ...namespaces, "sh", "-c", prepare], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let complaint = "";
  shell.stderr.on("data", (text: Buffer) => (complaint += text.toString()));
  let typed = 0;
  return {
    async type(line) {
      const file = join(exchange, String(++typed));
      // In a shell of its own, whose exit is not the end of the prompt.
      await writeFile(`${file}.line`, line);
      shell.stdin.write(
        `sh ${file}.line >${file}.stdout 2>${file}.stderr </dev/null; echo $? >${file}.new; mv ${file}.new ${file}.exit\n`,
      );
      const read = (what: string) => readFile(`${file}.${what}`, "utf8");
      const exitCode = await vi.waitUntil(
        async () => {
          if (shell.exitCode !== null) throw new Error(`the host has ended: ${complaint}`);
          return await read("exit").catch(() => undefined);
        },
        { timeout: 60_000, interval: 50 },
      );
      return { exitCode: Number(exitCode), stdout: await read("stdout"), stderr: await read("stderr") };
    },
    async [Symbol.asyncDispose]() {
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      const ended = once(shell, "exit");
      shell.kill("SIGKILL"); // unshare, and with it all that is in its namespaces
      await ended;
    },
  };
}
