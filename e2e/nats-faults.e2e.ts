/** NATS carries the samples fast; whatever happens to it none is lost. */
import { readdirSync, statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type Lab, quick, ranStudy, startLab } from "./lab.ts";
import { expectAllThere, samplesOf } from "./measured.ts";
import { untilOpenRun } from "./open-run.ts";
import { ownNats, serverOf } from "./own-nats.ts";

const MID_RUN = { workloads: [{ ...quick, duration: "6s" }] };
/** Nobody listens on the discard port. */
const NOBODY = "nats://127.0.0.1:9";

test("the controller's own server is killed in mid-run: it comes back, progress goes on, the run is complete", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy(MID_RUN);
  const before = Number(/tick (\d+)/.exec(await cli.said(/running .*tick \d+\/60/))?.[1]);
  const killed = serverOf(cli.pid);
  process.kill(killed, "SIGKILL");
  await vi.waitUntil(() => ![0, killed].includes(serverOf(cli.pid)), { timeout: 10_000 });
  await vi.waitUntil(() => lastTick(cli.stderr) > before, { timeout: 10_000 });
  expectAllThere(ranStudy(await cli.ended));
  await lab.nothingLeft();
});

test("the controller's own server is killed and its store wiped: the run is complete, and so is the next", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy({ ...MID_RUN, repeats: 2 });
  await cli.said(/running .*tick \d+\/60/);
  process.kill(cli.pid, "SIGSTOP"); // or the server would be back before its store is gone
  process.kill(serverOf(cli.pid), "SIGKILL");
  await rm(join(lab.dataDir, "nats", "nats"), { recursive: true });
  process.kill(cli.pid, "SIGCONT");
  expectAllThere(ranStudy(await cli.ended), 2);
  await lab.nothingLeft();
});

test("an existing server is used, by nats.url: all records come by it and none is started", async () => {
  await using server = await ownNats();
  await using lab = await startLab({ agents: 2, natsUrl: server.url, identities: server.identities });
  const cli = await lab.startStudy({ workloads: [quick] });
  await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "running");
  expect(serverOf(cli.pid)).toBe(0);
  const [line] = expectAllThere(ranStudy(await cli.ended));
  expect(samplesOf(line!).received).toBeGreaterThan(0);
  expect(readdirSync(lab.dataDir)).not.toContain("nats");
  await lab.nothingLeft();
});

test("an existing server dies in mid-run for good: the rest is collected, and the agents are let go", async () => {
  await using server = await ownNats();
  await using lab = await startLab({ agents: 2, natsUrl: server.url, identities: server.identities });
  const cli = await lab.startStudy(MID_RUN);
  // So late that the last records are all on their way, and none of them arrives.
  await untilTick(lab, 50);
  await server.kill();
  const [line] = expectAllThere(ranStudy(await cli.ended));
  expect(samplesOf(line!).received).toBeGreaterThan(0);
  expect(samplesOf(line!).backfilled).toBeGreaterThan(0);
  await lab.nothingLeft();
});

test("what was published and not yet consumed is wiped: it is collected", async () => {
  await using server = await ownNats();
  await using lab = await startLab({ agents: 2, natsUrl: server.url, identities: server.identities });
  const cli = await lab.startStudy(MID_RUN);
  await untilOpenRun(lab.dataDir, ({ state }) => [...state.agents.values()].every(({ started }) => started));
  cli.kill("SIGKILL"); // from here on nobody consumes
  await cli.ended;
  await untilTick(lab, 30);
  await server.kill();
  await server.wipe();
  await server.start();
  const resumed = ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
  const [line] = expectAllThere(resumed);
  expect(samplesOf(line!).backfilled).toBeGreaterThan(0);
  await lab.nothingLeft();
});

test("nobody listens at nats.url: the run is complete, all of it collected, and the agents can still be stopped", async () => {
  await using lab = await startLab({ agents: 2, natsUrl: NOBODY });
  const ran = await lab.runStudy({});
  const [line] = expectAllThere(ran);
  expect(samplesOf(line!)).toMatchObject({ received: 0, backfilled: samplesOf(line!).expected });
  expect(ran.stderr).toMatch(/releasing the agents\n.*done\n/);
  await lab.nothingLeft();
  for (const agent of lab.agents) {
    await agent.kill("SIGTERM");
    expect(await agent.process.ended).toMatchObject({ exitCode: 0, signal: null });
  }
});

test("the server at nats.url has no JetStream: the run is complete, all of it collected", async () => {
  await using server = await ownNats({ jetstream: false });
  await using lab = await startLab({ agents: 2, natsUrl: server.url, identities: server.identities });
  const [line] = expectAllThere(await lab.runStudy({}));
  expect(samplesOf(line!)).toMatchObject({ received: 0, backfilled: samplesOf(line!).expected });
  await lab.nothingLeft();
});

test("records above the server's max_payload are collected, the others come by NATS", async () => {
  const maxPayloadBytes = 4096;
  await using server = await ownNats({ maxPayloadBytes });
  await using lab = await startLab({ agents: 2, natsUrl: server.url, identities: server.identities });
  const [line] = expectAllThere(await lab.runStudy({}));
  for (const { id, devices } of lab.agents)
    expect(statSync(join(line!.archive, "fio", `${id}.${devices[0]!.name}.json`)).size).toBeGreaterThan(
      maxPayloadBytes,
    );
  const { streams } = JSON.parse(await readFile(join(line!.archive, "manifest.json"), "utf8"));
  for (const stream of streams) {
    expect(stream.received, stream.agent).toBeGreaterThan(0);
    expect(stream.backfilled, stream.agent).toBeGreaterThan(0);
    expect(stream.missing).toBe(0);
  }
  await lab.nothingLeft();
});

async function untilTick(lab: Lab, tick: number): Promise<void> {
  for (const agent of lab.agents)
    await vi.waitUntil(async () => (await agent.runs()).some((run) => run.tick >= tick), { timeout: 30_000 });
}

function lastTick(stderr: string): number {
  return Number([...stderr.matchAll(/tick (\d+)\//g)].at(-1)?.[1] ?? 0);
}

/** The nats-server that a controller has started; 0 while there is none. */
