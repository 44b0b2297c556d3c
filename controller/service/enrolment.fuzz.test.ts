/** What the real enrolment server does with bytes that are no request, over TLS, from hosts that have no certificate. */
import { create, toBinary } from "@bufbuild/protobuf";
import { JoinRequestSchema } from "@salvo/proto/enrolment_pb.ts";
import { ACCESS } from "@salvo/shared/identity/access.ts";
import { createRequest } from "@salvo/shared/identity/request.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { parseToken } from "@salvo/shared/identity/token.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { type RawCaller, rawCaller } from "@salvo/shared/rpc/raw-call.fixture.ts";
import { damaged, fuzzRuns } from "@salvo/shared/testing/fuzz.fixture.ts";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveEnrolment } from "./enrolment.ts";

const JOIN = "/salvo.v1.EnrolmentService/Join";
const WAIT_MS = 10_000;
/** Refusals that tell why; no INTERNAL, UNKNOWN or DEADLINE_EXCEEDED, which would be a bug or a hang. */
const REFUSED = ["INVALID_ARGUMENT", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"];

/** After 20 vain attempts a server looks at no more of them for a minute: then another one goes on. */
const CALLS_OF_A_SERVER = 15;

let folder: string;
let lab: TestLab;
let request: Uint8Array<ArrayBuffer>;
let serving = new AsyncDisposableStack();
let caller: RawCaller;
let calls: number;
const logged: string[] = [];
const joined: string[] = [];
let hosts = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-enrolment-fuzz-"));
  lab = await testLab(folder);
  ({ request } = await createRequest());
  await serve();
});
afterAll(async () => {
  await serving.disposeAsync();
  await rm(folder, { recursive: true });
});

async function serve(): Promise<void> {
  await serving.disposeAsync();
  serving = new AsyncDisposableStack();
  const log = createLogger({ name: "t", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } });
  const onJoined = (agent: string) => void joined.push(agent);
  const server = serving.use(await serveEnrolment({ lab, address: "127.0.0.1:0", log, onJoined }));
  caller = serving.use(rawCaller(server.address, { ca: lab.authority.ca }));
  calls = 0;
}

async function call(messages: readonly Uint8Array[]): Promise<string> {
  if (++calls > CALLS_OF_A_SERVER) await serve();
  return caller.call(JOIN, messages, WAIT_MS);
}

/** With a token of a host of its own, which nobody has used. */
async function bytesFor(asked: Uint8Array = request): Promise<Uint8Array> {
  const token = await lab.createToken({ agent: `guest${++hosts}`, roles: ["workload"] }, Date.now());
  const { id, secret } = parseToken(token);
  const message = { tokenId: id, tokenSecret: secret, request: new Uint8Array(asked) };
  return toBinary(JoinRequestSchema, create(JoinRequestSchema, message));
}

/** Others still join. */
async function stillWell(): Promise<void> {
  expect(await call([await bytesFor()])).toBe("OK");
  expect(joined.at(-1)).toBe(`guest${hosts}`);
  expect(logged).toEqual([]);
}

test("damaged and random messages are refused, or are those of whoever has the token", async () => {
  const valid = await bytesFor();
  const bytes = fc.oneof(damaged(fc.constant(valid)), fc.uint8Array({ maxLength: 300 }));
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 3 }), async (messages) => {
      const before = joined.length;
      const answer = await call(messages);
      expect(joined.length > before ? ["OK"] : REFUSED).toContain(answer);
    }),
    { numRuns: fuzzRuns(60) },
  );
  await stillWell();
});

test("damaged requests for a certificate are refused, however good the token is", async () => {
  const bytes = fc.oneof(damaged(fc.constant(request)), fc.uint8Array({ maxLength: 300 }));
  await fc.assert(
    fc.asyncProperty(bytes, async (asked) => {
      const before = joined.length;
      const answer = await call([await bytesFor(asked)]);
      expect(joined.length > before ? ["OK"] : REFUSED).toContain(answer);
    }),
    { numRuns: fuzzRuns(60) },
  );
  await stillWell();
});

test("without a certificate nothing else is to be had, whatever is asked for", async () => {
  for (const path of [...Object.keys(ACCESS), "salvo.v1.EnrolmentService/Leave", "", "a/b/c"].filter(
    (path) => `/${path}` !== JOIN,
  ))
    expect(["UNIMPLEMENTED", "PERMISSION_DENIED"], path).toContain(
      await caller.call(`/${path}`, [new Uint8Array()], WAIT_MS),
    );
  await stillWell();
});
