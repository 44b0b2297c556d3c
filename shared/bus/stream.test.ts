import { jetstreamManager, StorageType } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { connectBus } from "./connection.ts";
import { applyStream, DEFAULT_LIMITS, ensureStream, type WantedStream } from "./stream.ts";
import { testServer } from "./testing-server.fixture.ts";

const lab = "lab1";

test("the lab's stream is made, found again, and changed when its limits change", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });

  const made = await ensureStream({ bus, lab });
  expect(made.config).toMatchObject({ name: "salvo-lab1", subjects: ["salvo.lab1.run.>"], storage: "file" });
  expect((await ensureStream({ bus, lab })).created).toBe(made.created);

  const changed = await ensureStream({ bus, lab, limits: { ...DEFAULT_LIMITS, maxBytes: 1e6, maxAgeMs: 3_600_000 } });
  expect(changed.created).toBe(made.created);
  expect(changed.config).toMatchObject({ max_bytes: 1e6, max_age: 3_600e9 });
});

test("a field that the server takes without a word and does not know is found by reading back", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const wanted = { name: "s", subjects: ["s.>"], a_field_of_the_future: 7 } as WantedStream;
  await expect(applyStream(bus, wanted)).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringContaining("a_field_of_the_future is undefined instead of 7"),
  });
});

test("a stream of the same name that cannot be changed to what is needed is named with the reason", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.add({ name: "salvo-lab1", subjects: ["salvo.lab1.run.>"], storage: StorageType.Memory });
  await expect(ensureStream({ bus, lab })).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringMatching(/salvo-lab1 on nats:.*storage/),
  });
});

test("another stream that already takes the lab's subjects is an error and not waited for", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.add({ name: "all", subjects: ["salvo.>"] });
  await expect(ensureStream({ bus, lab })).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringContaining("overlap"),
  });
});

test("a server without JetStream is named as such", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await expect(ensureStream({ bus, lab })).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining(`no JetStream at ${server.url}`),
    remedy: expect.stringContaining("-js"),
  });
});
