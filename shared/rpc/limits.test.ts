import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { expect, test, vi } from "vitest";
import { toBinary, create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { openChannel } from "./channel.ts";
import { createClient } from "./client.ts";
import { Echo, startEcho, texts } from "./echo.fixture.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;
const MIB = 1024 * 1024;
const huge = "x".repeat(9 * MIB);
const overLimit = {
  kind: "out-of-resources",
  message: expect.stringMatching(/^salvo\.test\.Echo\/\w+: a message of 94371\d\d bytes is over the limit of 8 MiB$/),
  remedy: expect.any(String),
};

test("a message just under the limit passes both ways", async () => {
  await using world = await startEcho({ one: async ({ value }) => ({ value }) });
  const value = "x".repeat(8 * MIB - 10);
  expect((await world.client.one({ value }, { deadlineMs })).value.length).toBe(value.length);
});

test("a client does not send a request over the limit, and its handler sees the call cancelled", async () => {
  await using world = await startEcho();
  await expect(world.client.one({ value: huge }, { deadlineMs })).rejects.toMatchObject(overLimit);
  await expect(world.client.many([{ value: huge }], { deadlineMs })).rejects.toMatchObject(overLimit);
  await expect(texts(world.client.talk([{ value: huge }], { deadlineMs }))).rejects.toMatchObject(overLimit);
  expect(world.bugs).toEqual([]);
});

test("a server does not send a response over the limit", async () => {
  await using world = await startEcho({
    one: async () => ({ value: huge }),
    async *each() {
      yield { value: huge };
    },
  });
  const facts = { ...overLimit, host: world.server.address };
  await expect(world.client.one({}, { deadlineMs })).rejects.toMatchObject(facts);
  await expect(texts(world.client.each({}, { deadlineMs }))).rejects.toMatchObject(facts);
});

test("a server does not take a request over the limit from a client that sends it", async () => {
  await using world = await startEcho();
  const raw = new Client(world.server.address, credentials.createInsecure());
  const bytes = Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: huge })));
  const same = (buffer: Buffer) => buffer;
  const error = await new Promise<ServiceError | null>((resolve) => {
    raw.makeUnaryRequest("/salvo.test.Echo/One", same, same, bytes, { deadline: Date.now() + deadlineMs }, resolve);
  });
  raw.close();
  expect(error).toMatchObject({ code: 8, details: expect.stringContaining("larger than max") });
});

test("a client does not take a response over the limit from a server that sends it", async () => {
  const raw = new Server();
  const bytes = Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: huge })));
  raw.register(
    "/salvo.test.Echo/One",
    (_call: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, bytes),
    (buffer: Buffer) => buffer,
    (buffer: Buffer) => buffer,
    "unary",
  );
  const { promise, resolve } = Promise.withResolvers<number>();
  raw.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => resolve(port));
  using channel = openChannel(`127.0.0.1:${await promise}`);
  await expect(createClient(Echo, channel).one({}, { deadlineMs })).rejects.toMatchObject({
    ...overLimit,
    host: channel.address,
  });
  raw.forceShutdown();
});

test("bytes that are no message are wrong input, and no bug", async () => {
  await using world = await startEcho();
  const raw = new Client(world.server.address, credentials.createInsecure());
  const same = (buffer: Buffer) => buffer;
  const bytes = Buffer.from([0x0a, 0x7f, 0x41]);
  const error = await new Promise<ServiceError | null>((resolve) => {
    raw.makeUnaryRequest("/salvo.test.Echo/One", same, same, bytes, { deadline: Date.now() + deadlineMs }, resolve);
  });
  raw.close();
  expect(error).toMatchObject({ code: 3, details: expect.stringContaining("google.protobuf.StringValue") });
  expect(world.bugs).toEqual([]);
});
