import { testServer } from "@salvo/shared/bus/testing-server.ts";
import { expect, test, vi } from "vitest";
import { watchNats } from "./nats-watch.ts";

test("a NATS that is away is told of once, and again when it is back", async () => {
  await using server = await testServer();
  const said: string[] = [];
  await using watch = watchNats(server.url, (line) => said.push(line));
  await vi.waitUntil(() => said.length === 1, { timeout: 10_000 });
  expect(said).toEqual([`NATS at ${server.url} is not reachable: figures will come at the end`]);
  await server.start();
  await vi.waitUntil(() => said.length === 2, { timeout: 20_000 });
  expect(said.at(-1)).toBe(`NATS at ${server.url} is back`);
  await server.kill();
  await vi.waitUntil(() => said.length === 3, { timeout: 10_000 });
  expect(said.at(-1)).toBe(said[0]);
  await watch[Symbol.asyncDispose]();
  expect(said).toHaveLength(3);
});

test("nothing is said of a server that is there", async () => {
  await using server = await testServer();
  await server.start();
  const said: string[] = [];
  await using watch = watchNats(server.url, (line) => said.push(line));
  await watch[Symbol.asyncDispose]();
  expect(said).toEqual([]);
});
