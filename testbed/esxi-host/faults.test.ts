import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "@salvo/shared/process/run.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import { ssh, sshArguments } from "./host.fixture.ts";
import { type EsxiHost, startEsxiHost } from "./start.ts";

let host: EsxiHost;
beforeAll(async () => {
  host = await startEsxiHost();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test("a command fails once with the text and the exit code that somebody asked for", async () => {
  host.fault({ command: "vim-cmd", times: 1, text: "Connect to localhost failed: Connection failure", exitCode: 1 });
  const line = "vim-cmd vmsvc/getallvms";
  expect(await ssh(host, line)).toMatchObject({
    exitCode: 1,
    stdout: "Connect to localhost failed: Connection failure\n",
  });
  expect(await ssh(host, line)).toMatchObject({
    exitCode: 0,
    stdout: "Vmid   Name   File   Guest OS   Version   Annotation\n",
  });
});

test("a command's output is cut, and a formatter before the namespace does not hide it from the fault", async () => {
  host.fault({ command: "esxcli system version", times: 1, outputBytesMax: 20 });
  expect(await ssh(host, "esxcli --formatter=keyvalue system version get")).toMatchObject({
    stdout: "VersionGet.Build.str",
  });
});

test("a command hangs until its session gives up", async () => {
  host.fault({ command: "esxcli storage core adapter rescan", times: 1, hangs: true });
  const hung = run("ssh", [...sshArguments(host), "esxcli storage core adapter rescan --all"], { timeoutMs: 4000 });
  await expect(hung).rejects.toMatchObject({ kind: "timeout" });
  expect(await ssh(host, "esxcli system version get")).toMatchObject({ exitCode: 0 });
});

test("a full ramdisk takes no new file, and works again when it is emptied", async () => {
  host.fillRamdisks();
  expect(await ssh(host, "echo text >/tmp/new")).toMatchObject({
    stderr: expect.stringContaining("No space left on device"),
  });
  host.emptyRamdisks();
  expect(await ssh(host, "echo text >/tmp/new && cat /tmp/new")).toMatchObject({ stdout: "text\n" });
});

test("SSH is refused, and connections are lost, when somebody asks for it", async () => {
  await host.refuseSsh();
  expect(await ssh(host, "true")).toMatchObject({
    exitCode: 255,
    stderr: expect.stringContaining("Connection refused"),
  });
  await host.allowSsh();
  await using session = await startProcess("ssh", [...sshArguments(host), "echo here; sleep 60"]);
  for await (const chunk of session.stdout) {
    if (String(chunk) === "here\n") break;
  }
  host.dropSsh();
  expect((await session.exited).exitCode).toBe(255);
});

test("of many connections at once the SSH server refuses some", async () => {
  const many = await Promise.all(Array.from({ length: 12 }, () => ssh(host, "true")));
  const refused = many.filter(({ exitCode }) => exitCode === 255);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.stderr).toMatch(/kex_exchange_identification|Connection (closed|reset)/);
  expect(await ssh(host, "true")).toMatchObject({ exitCode: 0 });
});

test("the host shows another key after somebody changed it", async () => {
  const before = host.hostKey;
  const after = await host.changeHostKey();
  expect(after).not.toBe(before);
  const { stdout } = await run("ssh-keyscan", ["-t", "ed25519", "-p", String(host.port), "127.0.0.1"]);
  const { stdout: shown } = await run("ssh-keygen", ["-l", "-f", "-"], { stdin: stdout });
  expect(shown).toContain(after);
});

test("a host that is told to reboot ends its sessions and comes back", async () => {
  const { boots } = host.state();
  await using session = await startProcess("ssh", [...sshArguments(host), "sleep 60"]);
  await ssh(host, "reboot");
  expect((await session.exited).exitCode).toBe(255);
  await host.booted(boots + 1);
  expect(await ssh(host, "true")).toMatchObject({ exitCode: 0 });
});
