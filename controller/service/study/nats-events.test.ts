import { testServer } from "@salvo/shared/bus/testing-server.fixture.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openAuditedLab } from "../audited-lab.ts";
import { type Controller, openController } from "../controller.ts";
import { natsSecurity } from "../nats-security.ts";
import type { NatsEvent } from "./events.ts";
import { natsEvents } from "./nats-events.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "salvo-nats-events-"))));
afterEach(() => rm(folder, { recursive: true }));

/** With a lab whose NATS somebody else has to start. */
async function watched(natsUrl: string) {
  const lab = await testLab(folder);
  const security = await (await natsSecurity(join(folder, "nats"), lab, [])).text();
  const told: NatsEvent[] = [];
  const open = (): Promise<Controller> =>
    openAuditedLab(lab, lab.folder, "test@here").then((lab) =>
      openController({
        dataDir: join(folder, "data"),
        natsUrl,
        lab,
        host: "127.0.0.1",
        version: "0.0.0",
        logger: createLogger({ name: "test", level: "error" }),
        nats: {
          onBus: natsEvents((event) => told.push(event)),
          onUnusable: (problem) => told.push({ type: "nats", status: "unusable", problem }),
          onServer: () => {},
        },
      }),
    );
  return { security, told, open };
}

test("a NATS that is away is told of once, and again when it is back, by the connection that runs use", async () => {
  await using server = await testServer();
  const { security, told, open } = await watched(server.url);
  await using controller = await open();
  await vi.waitUntil(() => told.length === 1, { timeout: 10_000 });
  expect(told).toEqual([{ type: "nats", status: "away", url: server.url }]);
  await server.start(security);
  await vi.waitUntil(() => told.length === 2, { timeout: 20_000 });
  expect(told.at(-1)).toEqual({ type: "nats", status: "back", url: server.url });
  await server.kill();
  await vi.waitUntil(() => told.length === 3, { timeout: 10_000 });
  expect(told.at(-1)).toEqual(told[0]);
  await controller[Symbol.asyncDispose]();
  expect(told).toHaveLength(3);
});

test("nothing is told of a server that is there", async () => {
  await using server = await testServer();
  const { security, told, open } = await watched(server.url);
  await server.start(security);
  await (await open())[Symbol.asyncDispose]();
  expect(told).toEqual([]);
});

test("of an address that cannot be one it is told what is wrong with it", async () => {
  const { told, open } = await watched("http://nowhere");
  await using _ = await open();
  await vi.waitUntil(() => told.length === 1);
  expect(told).toMatchObject([{ status: "unusable", problem: { kind: "invalid-input" } }]);
});

test("a password in the address is not shown", () => {
  const told: NatsEvent[] = [];
  natsEvents((event) => told.push(event))({ type: "disconnected", url: "nats://me:secret@host:4222" });
  expect(told).toEqual([{ type: "nats", status: "away", url: "nats://host:4222" }]);
});
