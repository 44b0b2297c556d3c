/** The agent for Windows as it is in the zip, with its own node.exe, in a lab of real programs. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { mutualTls } from "@salvo/shared/rpc/credentials.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { watchPresence } from "@salvo/shared/bus/presence.ts";
import { openLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleProgram } from "../scripts/bundle-program.ts";
import { freePort } from "./free-port.ts";
import { ownNats } from "./own-nats.ts";
import { startSalvo, type TestProcess } from "./process.ts";
import { startWine, type Wine, type WindowsProgram } from "./wine.ts";
import { unpackWindowsAgent } from "./windows-lab.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let folder: string;
/** Where the zip was unpacked; with a space, as "Program Files" has. */
let programs: string;
let home: string;
let labFile: string;
let wine: Wine;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-windows-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  programs = join(folder, "Program Files", "Salvo");
  home = join(folder, "Program Data");
  await mkdir(home, { recursive: true });
  await unpackWindowsAgent(programs);
  wine = undo.use(await startWine());
  const { stdout } = await salvo(["init", "site", "--name", "site"]).ended;
  labFile = stdout.trim();
}, 120_000);

function salvo(args: readonly string[]): TestProcess {
  return undo.use(startSalvo(args, { cwd: folder }));
}

/** As install.ps1 and its task start it. */
function agent(args: readonly string[], program = join(programs, "salvo-agent-windows.mjs")): WindowsProgram {
  return wine.start(join(programs, "node.exe"), [program, ...args], { cwd: home });
}

test("all that the installer copies is in the zip", async () => {
  const copied = /foreach \(\$name in ('node\.exe'[^)]*)\)/.exec(await readFile(join(programs, "install.ps1"), "utf8"));
  const names = copied?.[1]?.split(/,\s+/).map((name) => name.replaceAll("'", ""));
  expect((await readdir(programs)).toSorted()).toEqual(names?.toSorted());
});

test("it joins, is shown with its version and clock, comes back after it was killed, and its certificate is renewed", async () => {
  const token = await salvo(["token", "create", "--lab", labFile, "--agent", "san1", "--role", "target"]).ended;
  await writeFile(join(home, "token.txt"), token.stdout);
  const enrol = salvo(["enrol", "--lab", labFile, "--listen", "127.0.0.1:0"]);
  const { address: controller }: { address: string } = JSON.parse(await enrol.printed(/^\{.*\}\n/));
  const joining = ["join", "--controller", controller, "--token-file", "token.txt", "--dir", "identity"];
  const joined = await agent(joining).ended;
  expect(joined, joined.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"agent":"san1"') });
  expect(await readdir(home)).not.toContain("token.txt");

  await writeFile(
    join(home, "agent.yaml"),
    "id: san1\r\nlisten: '127.0.0.1:0'\r\ndataDir: data\r\nidentityDir: identity\r\n",
  );
  const first = await serve("127.0.0.1:0");
  const planned = { id: "san1", address: first.address, roles: ["target"] };
  await writeFile(labFile, JSON.stringify({ name: "site", agents: [planned] }));
  const before = await describe();
  expect(before).toMatchObject({
    id: "san1",
    version: "0.1.0",
    host: { os: expect.stringContaining("Windows"), nodeVersion: expect.stringMatching(/^v22\./) },
  });
  const doctor = await salvo(["doctor", "--lab", labFile, "--json"]).ended;
  const finding = doctor.stdout.split("\n").find((line) => line.includes("agent san1"));
  expect(finding).toMatch(/"state":"note".*clock known to [0-9.]+ us/);

  first.program.kill();
  await first.program.ended;
  const second = await serve(first.address);
  expect((await describe()).bootId).toBe(before.bootId);

  const old = await readFile(join(home, "identity", "identity.pem"), "utf8");
  await renew(planned.address);
  expect(await readFile(join(home, "identity", "identity.pem"), "utf8")).not.toBe(old);
  expect((await describe()).id).toBe("san1");
  second.program.kill();
  await second.program.ended;
});

test("what the printed line names is there: the zip, and where to join; then it waits for the agent's answer", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const agents = [{ id: "san2", address, roles: ["target"] }];
  await writeFile(labFile, JSON.stringify({ name: "site", agents }));
  const command = salvo(["deploy", "san2", "--print", "--os", "windows", "--lab", labFile]);
  const line = await command.printed(/^.*\n/);
  const [url = "", sha256 = "", token = "", controller = ""] = [
    /-Uri '([^']+)'/,
    /-ne '([0-9a-f]{64})'/,
    /WriteAllText\("[^"]+", '([^']+)'\)/,
    /-Controller '([^']+)'/,
  ].map((pattern) => pattern.exec(line)?.[1]);
  const zip = new Uint8Array(await (await fetch(url)).arrayBuffer());
  expect(createHash("sha256").update(zip).digest("hex")).toBe(sha256);
  expect(Object.keys(unzipSync(zip, { filter: ({ name }) => name === "install.ps1" }))).toEqual(["install.ps1"]);

  await writeFile(join(home, "token.txt"), token);
  const joining = ["join", "--controller", controller, "--token-file", "token.txt", "--dir", "identity2"];
  expect(await agent(joining).ended).toMatchObject({ exitCode: 0 });
  await writeFile(join(home, "agent.yaml"), "id: san2\r\ndataDir: data2\r\nidentityDir: identity2\r\n");
  const { program } = await serve(address);
  expect(await command.ended).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("san2 answers at") });
  program.kill();
  await program.ended;
});

test("it says on NATS, with its own certificate, that it is there", async () => {
  await using nats = await ownNats({ jetstream: false });
  await nats.identities.enrol("guest1", { folder: join(home, "guest1") });
  const files = await bundleProgram({
    entry: join(import.meta.dirname, "presence-on-windows.fixture.ts"),
    name: "presence",
    target: "node22",
    crc32: { source: join(import.meta.dirname, "../agent-windows/crc32c.ts") },
    beside: [],
  });
  for (const { name, bytes } of files) await writeFile(join(home, name), bytes);
  const { lab, controller } = nats.identities;
  await using bus = await connectBus({ url: nats.url, name: "controller", tls: natsTls(lab, controller) });
  const stop = new AbortController();
  const heard = watchPresence({ bus, lab, signal: stop.signal }).next();
  await bus.connection.flush();
  const speaking = agent(["guest1", "guest1", nats.url], join(home, "presence.mjs"));
  expect((await heard).value).toMatchObject({ agent: "guest1", phase: "win32" });
  stop.abort();
  speaking.kill();
  await speaking.ended;
});

async function serve(listen: string): Promise<{ program: WindowsProgram; address: string }> {
  const program = agent(["--config", "agent.yaml", "--log", "agent.log", "--listen", listen]);
  const { address }: { address: string } = JSON.parse(await program.printed(/^\{.*\}\n/));
  return { program, address };
}

/** What the controller does when two thirds of a certificate's life are over. */
async function renew(address: string): Promise<void> {
  const lab = await openLabFolder(dirname(labFile), Date.now());
  const credentials = mutualTls({ ca: lab.authority.ca, own: lab.controller }, { checkServer: () => undefined });
  using channel = openChannel(address, { credentials });
  const client = createClient(IdentityService, channel);
  const { request } = await client.requestCertificate({}, { deadlineMs: 10_000 });
  const certificate = await lab.renew("san1", new Uint8Array(request), Date.now());
  await client.installCertificate({ certificate }, { deadlineMs: 10_000 });
}

interface Described {
  readonly id: string;
  readonly bootId: string;
}

async function describe(): Promise<Described> {
  const { stdout, stderr, exitCode } = await salvo(["agents", "--lab", labFile, "--json"]).ended;
  expect(exitCode, stdout + stderr).toBe(0);
  const { agent }: { agent: Described } = JSON.parse(stdout);
  return agent;
}
