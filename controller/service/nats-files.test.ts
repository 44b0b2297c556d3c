/** Real nats-servers that are started from exactly the files that `salvo nats config` writes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { type Bus, connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { createPublisher } from "@salvo/shared/bus/publisher.ts";
import type { Address } from "@salvo/shared/kernel/address.ts";
import { type LabFolder, openLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import type { Credential } from "@salvo/shared/identity/pem.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { deadline, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeNatsFiles } from "./nats-files.ts";
import { freePort } from "./nats-probe.ts";

let folder: string;
let lab: TestLab;
let undo: AsyncDisposableStack;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-nats-files-"));
  lab = await testLab(folder);
  undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true }));
});
afterEach(() => undo.disposeAsync());

const write = (servers: readonly Address[], of: LabFolder = lab) =>
  writeNatsFiles({
    lab: of,
    out: join(folder, "out"),
    servers,
    place: join(folder, "out", "{server}"),
    nowMs: Date.now(),
  });

/** The routes are 2000 above it. */
async function server(): Promise<Address> {
  for (;;) {
    const port = await freePort("127.0.0.1");
    if (port <= 63_535) return { host: "127.0.0.1", port };
  }
}

async function start(place: string) {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "nats-server", "-c", join(place, "nats-server.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  undo.defer(kill);
  const lines: string[] = [];
  const heard = createInterface({ input: child.stderr });
  heard.on("line", (line) => lines.push(line));
  const said = async (what: RegExp) => {
    while (!lines.some((line) => what.test(line)))
      await once(heard, "line", { signal: deadline(10_000, String(what)) });
  };
  await said(/Server is ready/);
  return { reload: () => child.kill("SIGHUP"), said, kill };
}

async function bus(name: string, credential: Credential, { port }: Address): Promise<Bus> {
  const signal = deadline(5_000, "connecting");
  return undo.use(
    await connectBus({ url: `nats://127.0.0.1:${port}`, name, tls: natsTls("bench", credential), signal }),
  );
}

async function firstRecord(reader: Bus, run: string): Promise<string> {
  const signal = deadline(20_000, "the record");
  for await (const { payload } of consumeRun({ bus: reader, lab: "bench", run, signal }))
    return Buffer.from(payload).toString();
  throw new Error("nothing came");
}

test("a server of one's own takes the lab's certificates, and after a reload those of who has joined since", async () => {
  const address = await server();
  const guest1 = await lab.enrol("guest1");
  const [written] = await write([address]);
  for (const name of await readdir(written!.folder))
    expect((await stat(join(written!.folder, name))).mode & 0o777, name).toBe(0o600);
  const running = await start(written!.folder);
  const controller = await bus("controller", lab.controller, address);
  const agent = await bus("agent-guest1", guest1, address);
  await using publisher = createPublisher({ bus: agent, lab: "bench", run: "run-1", agent: "guest1" });
  const published = publisher.publish(1, "event", Buffer.from("x"));
  expect(await firstRecord(controller, "run-1")).toBe("x");
  expect(await published).toBe("acked");

  const guest2 = await lab.enrol("guest2");
  await lab.revoke("guest1");
  await write([address]);
  running.reload();
  await running.said(/Reloaded: authorization users/);
  expect((await bus("agent-guest2", guest2, address)).connected).toBe(true);
  // As after a renewal, of which that server does not learn.
  expect((await bus("agent-guest2", await lab.enrol("guest2"), address)).connected).toBe(true);
  await expect(bus("agent-guest1", guest1, address)).rejects.toMatchObject({ kind: "timeout" });
  expect(controller.connected).toBe(true);

  const gone = once(controller.lost, "abort");
  await lab.renewController(Date.now());
  const renewed = await openLabFolder(lab.folder, Date.now());
  await write([address], renewed);
  running.reload();
  await gone;
  expect((await bus("controller", renewed.controller, address)).connected).toBe(true);
  await expect(bus("controller", lab.controller, address)).rejects.toMatchObject({ kind: "timeout" });
}, 30_000);

test("three servers make a cluster over their own certificates, which no agent's is, and keep them when written anew", async () => {
  const servers = [await server(), await server(), await server()];
  const guest1 = await lab.enrol("guest1");
  const written = await write(servers);
  const running = await Promise.all(written.map(({ folder: place }) => start(place)));
  const agent = await bus("agent-guest1", guest1, servers[2]!);
  await using publisher = createPublisher({ bus: agent, lab: "bench", run: "run-1", agent: "guest1" });
  const published = publisher.publish(1, "event", Buffer.from("over"));
  expect(await firstRecord(await bus("controller", lab.controller, servers[0]!), "run-1")).toBe("over");
  expect(await published).toBe("acked");

  for (const credential of [guest1, lab.controller])
    expect(await asRoute(credential, servers[0]!)).toMatch(/alert|reset/i);

  const guest2 = await lab.enrol("guest2");
  await write(servers);
  for (const each of running) {
    each.reload();
    await each.said(/Reloaded: authorization users/);
  }
  const moving = await bus("agent-guest2", guest2, servers[1]!);
  const gone = once(moving.lost, "abort");
  await running[1]!.kill();
  await gone;
  await unlessAborted(moving.untilConnected(), deadline(10_000, "going to another server"));
}, 60_000);

/** What comes of it when somebody with a certificate of the lab would be a member of the cluster. */
async function asRoute({ ca, certificate: cert, key }: Credential, { port }: Address): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: port + 2_000, ca, cert, key, rejectUnauthorized: false });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("error", ({ message }) => resolve(message));
  socket.on("data", (data) => resolve(data.toString()));
  socket.on("close", () => resolve("reset"));
  try {
    return await unlessAborted(promise, deadline(5_000, "the server's answer"));
  } finally {
    socket.destroy();
  }
}
