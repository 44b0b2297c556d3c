import { create } from "@bufbuild/protobuf";
import { NatsSchema } from "@salvo/proto/lab_pb.ts";
import { expect, test } from "vitest";
import { checkMessage } from "./rules.ts";

const problems = (url: string) => checkMessage(NatsSchema, create(NatsSchema, { url }));

test.each(["nats://10.0.0.1:4222", "nats://127.0.0.1", "tls://nats.lab.example:4222", "nats://[::1]:4222"])(
  "a lab may name %s",
  (url) => {
    expect(problems(url)).toEqual([]);
    expect(URL.canParse(url)).toBe(true);
  },
);

test.each([
  "nats://:4222",
  "nats://",
  "nats://user@:4222",
  // Certificates say who comes: a password would be in every log of a run.
  "nats://user:pa%40ss@host:4222",
  "nats://host:",
  "nats://a:b:c",
  "http://host:4222",
  "host:4222",
])("a lab that names %s is refused where it says so, before anything dials it", (url) => {
  expect(problems(url)).toMatchObject([
    { path: "url", message: expect.stringContaining("an address like nats://host:4222") },
  ]);
});

test("a password in an address is not repeated, and its place is named", () => {
  const [problem] = problems("nats://user:hunter2@host:4222");
  expect(problem?.message).not.toContain("hunter2");
  expect(problem?.message).toContain("a secret belongs into a file: credentials");
});
