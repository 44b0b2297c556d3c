import { testServer } from "@salvo/shared/bus/testing-server.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { natsSecurity } from "../service/nats-security.ts";
import { watchNats } from "./nats-watch.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "salvo-nats-watch-"))));
afterEach(() => rm(folder, { recursive: true }));

async function labAndItsSecurity() {
  const lab = await testLab(folder);
  const security = await natsSecurity(join(folder, "nats"), lab, []);
  return { tls: natsTls("bench", lab.controller), security: await security.text() };
}

test("a NATS that is away is told of once, and again when it is back", async () => {
  const { tls, security } = await labAndItsSecurity();
  await using server = await testServer();
  const said: string[] = [];
  await using watch = watchNats(server.url, tls, (line) => said.push(line));
  await vi.waitUntil(() => said.length === 1, { timeout: 10_000 });
  expect(said).toEqual([`NATS at ${server.url} is not reachable: figures will come at the end`]);
  await server.start(security);
  await vi.waitUntil(() => said.length === 2, { timeout: 20_000 });
  expect(said.at(-1)).toBe(`NATS at ${server.url} is back`);
  await server.kill();
  await vi.waitUntil(() => said.length === 3, { timeout: 10_000 });
  expect(said.at(-1)).toBe(said[0]);
  await watch[Symbol.asyncDispose]();
  expect(said).toHaveLength(3);
});

test("nothing is said of a server that is there", async () => {
  const { tls, security } = await labAndItsSecurity();
  await using server = await testServer();
  await server.start(security);
  const said: string[] = [];
  await using watch = watchNats(server.url, tls, (line) => said.push(line));
  await watch[Symbol.asyncDispose]();
  expect(said).toEqual([]);
});
