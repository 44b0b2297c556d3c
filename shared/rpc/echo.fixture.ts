/** A service with all four kinds of call, whose every message is a text; for tests. */
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import { openChannel, type Channel } from "./channel.ts";
import { createClient, type Client } from "./client.ts";
import { serve, type RpcServer, type ServeOptions } from "./server.ts";
import { implement, type ServiceImpl } from "./service.ts";

type Text = typeof StringValueSchema;

const file = create(FileDescriptorProtoSchema, {
  name: "salvo/test/echo.proto",
  package: "salvo.test",
  syntax: "proto3",
  dependency: ["google/protobuf/wrappers.proto"],
  service: [
    {
      name: "Echo",
      method: (["One", "Many", "Each", "Talk"] as const).map((name) => ({
        name,
        inputType: ".google.protobuf.StringValue",
        outputType: ".google.protobuf.StringValue",
        clientStreaming: name === "Many" || name === "Talk",
        serverStreaming: name === "Each" || name === "Talk",
      })),
    },
  ],
});
const registry = createFileRegistry(file, () => StringValueSchema.file);

type EchoService = GenService<{
  one: { methodKind: "unary"; input: Text; output: Text };
  many: { methodKind: "client_streaming"; input: Text; output: Text };
  each: { methodKind: "server_streaming"; input: Text; output: Text };
  talk: { methodKind: "bidi_streaming"; input: Text; output: Text };
}>;

// A descriptor that is made at run time has no types of its own; the file above has just these methods.
export const Echo = registry.getService("salvo.test.Echo") as DescService as EchoService;

export type EchoImpl = ServiceImpl<EchoService>;

const handlers: EchoImpl = {
  one: async ({ value }) => ({ value: `one ${value}` }),
  many: async (requests) => ({ value: (await texts(requests)).join("+") }),
  async *each({ value }) {
    for (const word of value.split(" ")) yield { value: word };
  },
  async *talk(requests) {
    for await (const { value } of requests) yield { value: `re: ${value}` };
  },
};

export interface EchoWorld extends AsyncDisposable {
  readonly client: Client<EchoService>;
  readonly channel: Channel;
  readonly server: RpcServer;
  /** What onBug was told. */
  readonly bugs: { error: unknown; method: string }[];
}

/** A server and a client of it on a real socket; handlers that are not given echo. */
export async function startEcho(impl: Partial<EchoImpl> = {}, options: Partial<ServeOptions> = {}): Promise<EchoWorld> {
  const bugs: EchoWorld["bugs"] = [];
  const server = await serve({
    address: "127.0.0.1:0",
    services: [implement(Echo, { ...handlers, ...impl })],
    onBug: (error, method) => bugs.push({ error, method }),
    graceMs: 20,
    ...options,
  });
  const channel = openChannel(server.address);
  return {
    client: createClient(Echo, channel),
    channel,
    server,
    bugs,
    async [Symbol.asyncDispose]() {
      channel[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

export async function texts(messages: AsyncIterable<{ value: string }>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { value } of messages) seen.push(value);
  return seen;
}
