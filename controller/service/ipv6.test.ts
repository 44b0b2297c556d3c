/** A lab whose addresses are IPv6 literals, over ::1: enrolment, agent, NATS, and a run. */
import { testAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { join as joinLab } from "@salvo/shared/agent/identity/join.ts";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openChannels } from "./channels.ts";
import { serveEnrolment } from "./enrolment.ts";
import { natsSecurity } from "./nats-security.ts";
import { lastNatsUrl, startNatsServer } from "./nats-server.ts";

let folder: string;
let lab: TestLab;
const log = createLogger({ name: "t", level: "silent", env: {} });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-ipv6-"));
  lab = await testLab(folder);
});
afterEach(() => rm(folder, { recursive: true }));

test("a host joins at an IPv6 address, and is named by the address it came from", async () => {
  const joined: string[] = [];
  await using server = await serveEnrolment({
    lab,
    address: "[::1]:0",
    log,
    onJoined: (agent, peer) => joined.push(`${agent} ${peer}`),
  });
  const token = await lab.createToken({ agent: "guest1", roles: ["workload"] }, Date.now());
  await joinLab({ controller: server.address, token, folder: join(folder, "identity") });
  expect(joined).toEqual([expect.stringMatching(/^guest1 \[::1\]:\d+$/)]);
});

test("an agent that listens on an IPv6 address is asked there", async () => {
  await using agent = await testAgent({ lab, listen: "[::1]:0" });
  expect(agent.address).toMatch(/^\[::1\]:\d+$/);
  using channels = openChannels(lab);
  const expected = { id: "guest1", address: agent.address, roles: ["workload"] };
  const answer = await channels.describe(expected, { deadlineMs: 5_000 });
  expect(answer.agent?.id).toBe("guest1");
});

test.each(["::1", "127.0.0.2"])("NATS listens where it says that it does: on %s", async (host) => {
  const dataDir = join(folder, "nats");
  const start = async () =>
    startNatsServer({ dataDir, access: { host, security: await natsSecurity(dataDir, lab, [host]) } });
  const first = await start();
  const { url } = first;
  try {
    expect(new URL(url).hostname).toBe(host.includes(":") ? `[${host}]` : host);
    expect(await lastNatsUrl(dataDir)).toBe(url);
    await using bus = await connectBus({ url, name: "controller", tls: natsTls("bench", lab.controller) });
    expect(bus.connected).toBe(true);
  } finally {
    await first[Symbol.asyncDispose]();
  }
  await using second = await start();
  expect(second.url).toBe(url);
});
