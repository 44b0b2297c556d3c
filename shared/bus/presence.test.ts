import { create } from "@bufbuild/protobuf";
import { PresenceSchema } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { connectBus } from "./connection.ts";
import { publishPresence, watchPresence } from "./presence.ts";
import { testServer } from "./testing-server.fixture.ts";

const lab = "lab1";

test("agents say again and again that they are there, each only for itself", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const stop = new AbortController();
  const watching = watchPresence({ bus, lab, signal: stop.signal });
  const first = watching.next();

  bus.connection.publish("salvo.lab1.agent.guest1.presence", "no Presence at all");
  let run = "";
  using agents = new DisposableStack();
  agents.use(publishPresence({ bus, lab, agent: "liar", presence: () => presenceOf("guest1", "a lie") }));
  agents.use(publishPresence({ bus, lab, agent: "guest1", everyMs: 5, presence: () => presenceOf("guest1", run) }));
  expect((await first).value).toMatchObject({ agent: "guest1", run: "" });
  run = "run1";
  for await (const said of watching) if (said.run === "run1") break;
});

test("watching ends with its signal, and another lab's agents are not heard", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const stop = new AbortController();
  const watching = watchPresence({ bus, lab, signal: stop.signal });
  const first = watching.next();
  using agents = new DisposableStack();
  agents.use(publishPresence({ bus, lab: "lab2", agent: "guest1", presence: () => presenceOf("guest1", "") }));
  await bus.connection.flush();
  stop.abort();
  expect(await first).toEqual({ done: true, value: undefined });
});

function presenceOf(agent: string, run: string) {
  return create(PresenceSchema, { agent, run });
}
