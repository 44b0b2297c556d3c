import { type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Cable, layCable } from "./cable.fixture.ts";
import { watchRun, type WatchNews } from "./watch.ts";

let agent: TestAgent;
let cable: Cable;
let channel: Channel;
let stop: AbortController;
let beforeT0: boolean;
let clockNs: bigint;
let runs = 0;
let run = "";
beforeAll(async () => {
  agent = await testAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());
beforeEach(async () => {
  cable = await layCable(() => agent.address);
  channel = openChannel(cable.address);
  stop = new AbortController();
  beforeT0 = true;
  clockNs = 0n;
  run = `run-${++runs}`;
});
afterEach(async () => {
  stop.abort();
  channel[Symbol.dispose]();
  await cable[Symbol.asyncDispose]();
  for (const held of (await agent.client.describe({}, { deadlineMs: 10_000 })).runs) {
    await agent.abort(held.run, "the test is over");
    await agent.client.release({ run: held.run }, { deadlineMs: 10_000 });
  }
});

function watch(more: { readonly silenceMs?: number } = {}): AsyncGenerator<WatchNews, void> {
  return watchRun({
    client: createClient(AgentService, channel),
    run,
    address: cable.address,
    ...more,
    // The agent lives by the real clock; how long it has been silent is the test's to say.
    clock: { ...systemClock, now: () => clockNs },
    beforeT0: () => beforeT0,
    signal: stop.signal,
  });
}

/** Armed, watched over the cable, and fired: what comes next is news. */
async function running(durationMs = 1_000, participants = ["disk1"], more: Parameters<typeof watch>[0] = {}) {
  await agent.arm(run, {
    workload: { ...WORKLOAD, durationMs },
    participants: participants.map((device) => ({ id: device, device })),
  });
  const news = watch(more);
  const first = news.next();
  await using own = agent.watch(run); // the watch over the cable may come later than the Fire
  await own.next();
  await agent.fire(run);
  expect((await first).value).toEqual({ type: "started" });
  beforeT0 = false;
  return news;
}

async function rest(news: AsyncGenerator<WatchNews, void>): Promise<WatchNews[]> {
  const all: WatchNews[] = [];
  for await (const each of news) all.push(each);
  return all;
}

test("a good run is told as started and ended, once each", async () => {
  const news = await running();
  expect(await rest(news)).toEqual([{ type: "ended", outcome: Outcome.FINISHED, reason: "", started: true }]);
});

test("a broken connection before T0 loses the agent at once: it will disarm", async () => {
  await agent.arm(run);
  const news = watch();
  const first = news.next();
  await using own = agent.watch(run);
  await own.next();
  void cable.cut();
  expect((await first).value).toMatchObject({ type: "lost", reason: expect.stringMatching(/^the agent is lost: /) });
  expect((await news.next()).done).toBe(true);
});

test("a connection that breaks in mid-run and comes back loses nothing, and repeats nothing", async () => {
  const news = await running(1_500);
  const ended = rest(news);
  await cable.cut();
  cable.mend();
  expect(await ended).toEqual([{ type: "ended", outcome: Outcome.FINISHED, reason: "", started: true }]);
});

test("an agent that stays away in mid-run is lost when it has been silent for too long", async () => {
  const news = await running(60_000);
  void cable.cut();
  const next = news.next();
  clockNs = 5_001_000_000n;
  expect((await next).value).toMatchObject({ type: "lost", reason: expect.stringMatching(/^the agent is lost: /) });
});

test("an agent whose host refuses connections in mid-run is lost within a second, whatever silence is allowed", async () => {
  const news = await running(60_000, ["disk1"], { silenceMs: 600_000 });
  const beganMs = performance.now();
  await cable.remove();
  expect((await news.next()).value).toMatchObject({
    type: "lost",
    reason: expect.stringMatching(/^the agent is lost: .*ECONNREFUSED/),
  });
  expect(performance.now() - beganMs).toBeLessThan(1_000);
});

test("an agent that refuses connections for a moment only is not lost", async () => {
  const news = await running(2_000);
  const ended = rest(news);
  await cable.remove();
  await cable.layAgain();
  expect(await ended).toEqual([{ type: "ended", outcome: Outcome.FINISHED, reason: "", started: true }]);
});

test("how long an agent may be silent is the lab's to say", async () => {
  const news = await running(60_000, ["disk1"], { silenceMs: 60_000 });
  const next = news.next();
  const tried = cable.cut();
  clockNs = 59_000_000_000n;
  await tried;
  clockNs = 61_000_000_000n;
  expect((await next).value).toMatchObject({ type: "lost" });
});

test("an agent that was started anew in mid-run tells how the run ended", async () => {
  const news = await running(60_000);
  await agent.restart();
  const told = await rest(news); // it may have had the time to say that it is about to end
  expect(told.at(-1)).toEqual({
    type: "ended",
    outcome: Outcome.ABORTED,
    reason: "agent guest1 was stopped",
    started: true,
  });
});

test("an agent that knows nothing of the run has lost it, also in mid-run", async () => {
  beforeT0 = false;
  expect(await rest(watch())).toEqual([
    { type: "lost", reason: `the agent has lost the run: agent guest1 has no run ${run}` },
  ]);
});

test("a participant that fails is told once, while the others go on", async () => {
  const news = await running(60_000, ["disk1", "disk2"]);
  const [fio] = agent.programs();
  process.kill(fio!, "SIGKILL");
  const { value } = await news.next();
  expect(value).toMatchObject({ type: "trouble", reason: expect.stringMatching(/^disk\d: fio was ended by SIGKILL$/) });
  const ended = rest(news);
  await agent.abort(run, "seen enough");
  expect(await ended).toEqual([{ ...value, type: "ended", outcome: Outcome.FAILED, started: true }]);
});

test("the signal ends a watch without another word", async () => {
  const news = await running(60_000);
  const next = news.next();
  stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
