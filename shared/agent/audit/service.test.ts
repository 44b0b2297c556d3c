import { create } from "@bufbuild/protobuf";
import { AgentService, ArmRequestSchema } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAuditLog } from "../../audit/log.ts";
import { ACCESS } from "../../identity/access.ts";
import { createLogger } from "../../log/logger.ts";
import { tryLock } from "../../process/lock-file.ts";
import { implement } from "../../rpc/service.ts";
import { AUDITED, AUDITED_WITHIN, auditService, UNAUDITED } from "./service.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-audit-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("every method that agents serve is either audited or known to change nothing", () => {
  const served = Object.entries(ACCESS).flatMap(([name, who]) => (who === "controller" ? [name] : []));
  expect([...AUDITED.map(({ name }) => name), ...AUDITED_WITHIN, ...UNAUDITED].toSorted()).toEqual(served.toSorted());
});

const CONTROLLER = "salvo://bench/controller?generation=1";
const context = {
  signal: new AbortController().signal,
  peer: { address: "127.0.0.1:1", identity: CONTROLLER, expiresMs: Infinity },
};

/** An agent of which only Arm and Abort matter; done tells which were called, and what stood in the log by then. */
async function serve(lockMs?: number) {
  const file = join(folder, "audit.jsonl");
  const read = () => readFile(file, "utf8").catch(() => "");
  const done: string[] = [];
  const logged: string[] = [];
  const none = async () => ({});
  async function* nothing() {}
  const did = (what: string) => async () => {
    done.push(`${what} after ${(await read()).split("\n").length - 1}`);
    return {};
  };
  const audit = await openAuditLog(file, { now: Date.now, ...(lockMs !== undefined && { lockMs }) });
  const log = createLogger({ name: "a", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } });
  const { methods } = auditService(
    implement(AgentService, {
      describe: none,
      probeClock: nothing,
      arm: did("arm"),
      fire: none,
      abort: did("abort"),
      watch: nothing,
      collect: nothing,
      release: none,
    }),
    { audit, log },
  );
  const call = (name: string, request: object): Promise<unknown> =>
    methods.find(({ definition }) => definition.desc.name === name)!.handler(request, context);
  return { file, audit, done, logged, call, entries: async () => (await read()).split("\n").slice(0, -1) };
}

const ARM = create(ArmRequestSchema, {
  run: "r1",
  planHash: "f00d",
  participants: [
    { id: "p1", device: "disk1" },
    { id: "p2", device: "disk1" },
  ],
});
const ABORT = { run: "r1", reason: "enough" };

test("who calls what with what is on the disk before it is done, and how it ended after", async () => {
  const { audit, done, call, entries } = await serve();
  await call("Arm", ARM);
  expect(done).toEqual(["arm after 1"]);
  await audit[Symbol.asyncDispose]();
  const [begin, end] = (await entries()).map((line): unknown => JSON.parse(line));
  const common = { who: CONTROLLER, what: "salvo.v1.AgentService/Arm" };
  const details = { run: "r1", workload: "", participants: 2, devices: "disk1", plan_hash: "f00d" };
  expect(begin).toMatchObject({ ...common, kind: "begin", details });
  expect(end).toMatchObject({ ...common, kind: "end", of: 1, result: "ok" });
});

test("what changes nothing leaves no trace", async () => {
  const { call, entries } = await serve();
  await call("Describe", {});
  expect(await entries()).toEqual([]);
});

test("without a log nothing is armed, and a run is ended all the same", async () => {
  const { file, audit, done, logged, call } = await serve(30);
  using _ = tryLock(`${file}.lock`);
  await expect(call("Arm", ARM)).rejects.toMatchObject({ message: expect.stringContaining("the audit log") });
  expect(done).toEqual([]);
  await call("Abort", ABORT);
  expect(done).toEqual(["abort after 0"]);
  await audit[Symbol.asyncDispose]();
  expect(logged.join()).toContain("not all of it is in the audit log");
});

test("a log that hangs does not hold up an abort, and has it in the end", async () => {
  const { file, audit, done, call, entries } = await serve();
  {
    using _ = tryLock(`${file}.lock`);
    await call("Abort", ABORT);
    expect(done).toEqual(["abort after 0"]);
  }
  await audit[Symbol.asyncDispose]();
  expect(await entries()).toMatchObject([expect.stringContaining("enough"), expect.stringContaining('"end"')]);
});

test("an abort whose text looks like a secret is in the log, and so is what is asked for in the same instant", async () => {
  const { audit, done, call, entries } = await serve();
  await Promise.all([call("Abort", { run: "r1", reason: "a PRIVATE KEY" }), call("Arm", ARM)]);
  expect(done.toSorted()).toEqual(["abort after 2", "arm after 2"]);
  await audit[Symbol.asyncDispose]();
  expect((await entries()).join()).toContain('"reason":"(withheld: it looks like a secret)"');
});

test("of a certificate its number is kept, whatever was sent", () => {
  const { details } = AUDITED.find(({ name }) => name === `${IdentityService.typeName}/InstallCertificate`)!;
  expect(details({ certificate: "-----BEGIN PRIVATE KEY-----" })).toEqual({ serial: "none: this is no certificate" });
});
