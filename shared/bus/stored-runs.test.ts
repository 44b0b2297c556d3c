import { expect, test } from "vitest";
import { connectBus } from "./connection.ts";
import { createPublisher } from "./publisher.ts";
import { storedRuns } from "./stored-runs.ts";
import { ensureStream } from "./stream.ts";
import { testServer } from "./testing-server.fixture.ts";

test("the runs that the stream still has are known by name, and none where there is no stream", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  expect(await storedRuns(bus, "lab1")).toEqual([]);
  await ensureStream({ bus, lab: "lab1" });
  expect(await storedRuns(bus, "lab1")).toEqual([]);
  for (const run of ["run-b", "run-a"])
    for (const agent of ["guest1", "guest2"]) {
      await using publisher = createPublisher({ bus, lab: "lab1", run, agent });
      await publisher.publish(1, "event", Buffer.from("x"));
      await publisher.publish(2, "fio", Buffer.from("x"));
    }
  expect(await storedRuns(bus, "lab1")).toEqual(["run-a", "run-b"]);
});
