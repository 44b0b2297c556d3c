import { testAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { PINGS_MIN } from "@salvo/shared/clock/estimate.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { probeClock } from "./clock-probe.ts";

test("a clock that is known to be ours, or so much behind it, is found within the bound", async () => {
  await using agent = await testAgent();
  for (const aheadNs of [0n, 3_600_000_000_000n, -5_000n]) {
    const clock = { ...systemClock, now: () => systemClock.now() + aheadNs };
    const { offsetNs, boundNs, rttNs, atNs, pings } = await probeClock(agent.client, clock);
    const wrongNs = offsetNs - aheadNs;
    expect(wrongNs < 0n ? -wrongNs : wrongNs).toBeLessThanOrEqual(boundNs);
    expect(boundNs).toBeGreaterThan(0n);
    expect(rttNs).toBeGreaterThan(0n);
    expect(pings).toBeGreaterThanOrEqual(PINGS_MIN);
    expect(atNs).toBeLessThanOrEqual(clock.now());
  }
});

test("a probe ends with its signal, of a peer that takes calls and never answers", async () => {
  const mute = createServer((socket) => socket.resume().on("error", () => {})).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const address = mute.address();
  const port = typeof address === "object" && address ? address.port : 0;
  using channel = openChannel(`127.0.0.1:${port}`);
  const stop = new AbortController();
  const probe = probeClock(createClient(AgentService, channel), systemClock, { signal: stop.signal });
  const reason = new SalvoError("cancelled", "the run is over");
  mute.once("connection", () => stop.abort(reason));
  await expect(probe).rejects.toMatchObject({ kind: "cancelled" });
  mute.close();
});
