import { afterEach, expect, test } from "vitest";
import { connectBus } from "../bus/connection.ts";
import { watchPresence } from "../bus/presence.ts";
import { testServer } from "../bus/testing-server.fixture.ts";
import { systemClock } from "../kernel/time.ts";
import { createLogger } from "../log/logger.ts";
import { type BusKeeper, keepBus } from "./bus-keeper.ts";

const lab = "lab1";
const logged: string[] = [];
const log = createLogger({ name: "test", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } });
let keeper: BusKeeper | undefined;
afterEach(async () => {
  await keeper?.stop();
  expect(logged).toEqual([]);
});

function keep(): BusKeeper {
  const activity = () => ({ run: "run-1", phase: "armed" });
  return (keeper = keepBus({
    agent: "guest1",
    version: "1.2.3",
    clock: systemClock,
    log,
    activity,
    tls: undefined,
  }));
}

test("there is one connection as long as the server is the same, and the agent is seen there", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using controller = await connectBus({ url: server.url, name: "controller" });
  const leave = new AbortController();
  const first = watchPresence({ bus: controller, lab, signal: leave.signal }).next();
  const bus = keep();
  const [one, two] = await Promise.all([bus.use({ url: server.url, lab }), bus.use({ url: server.url, lab })]);
  expect(one).toBe(two);
  expect((await first).value).toMatchObject({ agent: "guest1", version: "1.2.3", run: "run-1", phase: "armed" });
  leave.abort();
});

test("another server takes the place of the first, whose connection is closed", async () => {
  await using first = await testServer({ jetstream: false });
  await using second = await testServer({ jetstream: false });
  await Promise.all([first.start(), second.start()]);
  const bus = keep();
  const before = await bus.use({ url: first.url, lab });
  const after = await bus.use({ url: second.url, lab });
  expect(before.connection.isClosed()).toBe(true);
  expect(after.url).toBe(second.url);
  expect(after.connected).toBe(true);
});

test("a server that never was is waited for, and given up for another one or at the end", async () => {
  await using absent = await testServer({ jetstream: false });
  await using server = await testServer({ jetstream: false });
  await server.start();
  const bus = keep();
  const never = bus.use({ url: absent.url, lab });
  never.catch(() => {}); // looked at below
  expect((await bus.use({ url: server.url, lab })).connected).toBe(true);
  await expect(never).rejects.toMatchObject({ kind: "cancelled" });

  const never2 = bus.use({ url: absent.url, lab });
  never2.catch(() => {});
  await bus.stop();
  await expect(never2).rejects.toMatchObject({ kind: "cancelled" });
});

test("a server that comes later is reached when it is there", async () => {
  await using server = await testServer({ jetstream: false });
  const bus = keep();
  const waiting = bus.use({ url: server.url, lab });
  await server.start();
  expect((await waiting).connected).toBe(true);
});

test("an address that is none is refused, and spoils nothing for the next one", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  const bus = keep();
  await expect(bus.use({ url: "http://here", lab })).rejects.toMatchObject({ kind: "invalid-input" });
  expect((await bus.use({ url: server.url, lab })).connected).toBe(true);
  await expect(bus.use({ url: "http://here", lab })).rejects.toMatchObject({ kind: "invalid-input" });
});

test("stopping what was never used is no mistake", async () => {
  await keep().stop();
});
