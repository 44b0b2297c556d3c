import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectSsh } from "./connection.ts";
import { fetchHostKey } from "./host-key.ts";
import { loginOf } from "./login.ts";
import { type TestSshServer, testSshServer } from "./server.fixture.ts";

let server: TestSshServer;
beforeAll(async () => {
  server = await testSshServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const OTHER = `SHA256:${"A".repeat(43)}`;

test("the key of a host is seen before anything is sent, and another one than the pinned is refused as early", async () => {
  const { hostKey } = server.target;
  expect(await fetchHostKey(server.target)).toEqual({ type: "ssh-ed25519", fingerprint: hostKey });
  await expect(connectSsh({ ...server.target, hostKey: OTHER })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining(
      `IS NOT THE HOST IT SHOULD BE: it shows the ssh-ed25519 key ${hostKey}, not ${OTHER}`,
    ),
  });
  expect(server.users).toEqual([]);
});

test("a user whom the host does not let in is told what to put where", async () => {
  await expect(connectSsh({ ...server.target, user: "stranger" })).rejects.toMatchObject({
    kind: "refused",
    remedy: expect.stringContaining("authorized_keys of stranger"),
  });
});

test("arguments and standard input arrive as they are; output, errors and the exit code come back", async () => {
  using ssh = await connectSsh(server.target);
  const script = 'printf "%s|" "$@"; cat; echo bad >&2; exit 3';
  const ran = await ssh.run(["sh", "-c", script, "sh", "$(id)", "a'b", "c d"], { stdin: "secret" });
  expect(ran).toEqual({ stdout: "$(id)|a'b|c d|secret", stderr: "bad\n", exitCode: 3 });
});

test("a command that talks without end is stopped", async () => {
  using ssh = await connectSsh(server.target);
  await expect(ssh.run(["yes"], { outputBytesMax: 1000 })).rejects.toMatchObject({ kind: "out-of-resources" });
});

test("every wait ends by its signal, and by the loss of the connection", async () => {
  using ssh = await connectSsh(server.target);
  const leave = new AbortController();
  const sleeping = ssh.run(["sleep", "60"], { signal: leave.signal });
  leave.abort();
  await expect(sleeping).rejects.toMatchObject({ kind: "cancelled" });
  const lost = ssh.run(["sh", "-c", "echo; exec sleep 60"]);
  await expect(ssh.run(["true"])).resolves.toMatchObject({ exitCode: 0 });
  server.drop();
  await expect(lost).rejects.toMatchObject({ kind: "unavailable", message: expect.stringContaining("was lost") });
});

test("connections to a port of the host's loopback come out here, until the forward is disposed of", async () => {
  const here = createServer((socket) => socket.end("hello"));
  here.listen(0, "127.0.0.1");
  await once(here, "listening");
  const { port } = here.address() as AddressInfo;
  using ssh = await connectSsh(server.target);
  const forward = await ssh.forwardToHere({ host: "127.0.0.1", port });
  expect(await greeting(forward.port)).toBe("hello");
  forward[Symbol.dispose]();
  expect(await greeting(forward.port)).toBe("");
  here.close();
});

async function greeting(port: number): Promise<string> {
  let text = "";
  const socket = connect(port, "127.0.0.1").on("data", (chunk) => (text += String(chunk)));
  socket.on("error", () => {}); // closed is what it is to be
  await once(socket, "close");
  return text;
}

test("a host where nobody listens is unavailable, and says so with its address", async () => {
  await expect(connectSsh({ ...server.target, port: 1 })).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("127.0.0.1:1"),
  });
});

test("without a key, and with a file that is none, it is said what to do", async () => {
  await expect(loginOf({}, { HOME: server.folder })).rejects.toMatchObject({
    remedy: expect.stringContaining("ssh-keygen"),
  });
  await expect(loginOf({ keyFile: "/etc/hostname" }, {})).rejects.toMatchObject({
    kind: "invalid-input",
    remedy: expect.stringContaining("ssh-add"),
  });
});
