/** What was recorded on the wire and is sent again, by whoever has the controller's key: nothing ever starts twice. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ArmRequestSchema, FireRequestSchema, RunPhase } from "@salvo/proto/agent_pb.ts";
import { EventKind } from "@salvo/proto/telemetry_pb.ts";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { type RawCaller, rawCaller } from "@salvo/shared/rpc/raw-call.fixture.ts";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NONCE, type TestAgent, testAgent, WORKLOAD } from "./agent.fixture.ts";

const undo = new AsyncDisposableStack();
let agent: TestAgent;
let starts: string;
let replay: (method: "Arm" | "Fire", message: Uint8Array) => Promise<string>;
let run = "";
let runs = 0;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-replay-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const lab = await testLab(folder);
  starts = join(folder, "starts");
  // Every fio that is started for a run leaves a line.
  const fioScript = `[ "$1" = --version ] || echo started >> ${starts}\nexec fio "$@"`;
  agent = undo.use(await testAgent({ lab, fioScript }));
  replay = async (method, message) => {
    // A connection of its own each time, as a restarted controller or a thief has; agents come back on another port.
    using caller: RawCaller = rawCaller(agent.address, { ...lab.controller, ca: lab.authority.ca });
    return await caller.call(`/salvo.v1.AgentService/${method}`, [message], 20_000);
  };
});
afterAll(() => undo.disposeAsync());
beforeEach(async () => {
  await rm(starts, { force: true });
  run = `run-${++runs}`;
});

/** The very bytes of an Arm and of its Fire. */
async function recorded(): Promise<{ arm: Uint8Array; fire: () => Uint8Array }> {
  const { agent: described } = await agent.client.describe({}, { deadlineMs: 10_000 });
  const deviceHash = described?.deviceHashes["disk1"] ?? "";
  const workload = create(WorkloadSchema, WORKLOAD);
  const plan = { run, participants: [{ id: "p1", device: "disk1", deviceHash }], workload, intervalMs: 500 };
  const hash = planHash(plan);
  const arm = create(ArmRequestSchema, { ...plan, planHash: hash });
  let fire: Uint8Array | undefined;
  return {
    arm: toBinary(ArmRequestSchema, arm),
    fire() {
      const t0Ns = systemClock.now() + 400_000_000n;
      fire ??= toBinary(FireRequestSchema, create(FireRequestSchema, { run, nonce: NONCE, t0Ns, planHash: hash }));
      return fire;
    },
  };
}

async function startsOfFio(): Promise<number> {
  const text = await readFile(starts, "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).length;
}

async function opened(): Promise<number> {
  const found = await agent.records(run);
  return found.filter(({ body }) => body.case === "event" && body.value.kind === EventKind.RELEASED).length;
}

test("an Arm that comes twice, at once and later, starts one fio", async () => {
  const { arm } = await recorded();
  const answers = await Promise.all([replay("Arm", arm), replay("Arm", arm), replay("Arm", arm)]);
  expect(answers.toSorted()).toEqual(["FAILED_PRECONDITION", "FAILED_PRECONDITION", "OK"]);
  expect(await replay("Arm", arm)).toBe("FAILED_PRECONDITION");
  expect(await startsOfFio()).toBe(1);
  expect(agent.programs().length).toBe(1 + WORKLOAD.jobs); // fio, and a shell at the gate for each of its jobs
  await agent.abort(run, "seen enough");
  expect(await replay("Arm", arm), "its journal is still there").toBe("FAILED_PRECONDITION");
  await agent.client.release({ run }, { deadlineMs: 5_000 });
});

test("a Fire that comes again by other connections, in every phase and after a restart, opens the gates once", async () => {
  const { arm, fire } = await recorded();
  expect(await replay("Arm", arm)).toBe("OK");
  {
    await using watch = agent.watch(run);
    await watch.next();
    const answers = await Promise.all([replay("Fire", fire()), replay("Fire", fire()), replay("Fire", fire())]);
    expect(answers).toEqual(["OK", "OK", "OK"]);
    await watch.until(({ phase }) => phase === RunPhase.RUNNING);
    expect(await replay("Fire", fire())).toBe("OK");
    expect(await replay("Arm", arm)).toBe("FAILED_PRECONDITION");
    await watch.until(({ phase }) => phase === RunPhase.ENDED);
  }
  for (const again of [replay("Fire", fire()), replay("Arm", arm)]) expect(await again).toBe("FAILED_PRECONDITION");
  await agent.restart();
  for (const again of [replay("Fire", fire()), replay("Arm", arm)]) expect(await again).toBe("FAILED_PRECONDITION");
  expect(await opened()).toBe(1);
  expect(await startsOfFio()).toBe(1);
  await agent.client.release({ run }, { deadlineMs: 5_000 });
});

test("an agent that is started anew between Arm and Fire does not start what was armed before", async () => {
  const { arm, fire } = await recorded();
  expect(await replay("Arm", arm)).toBe("OK");
  const bytes = fire();
  await agent.restart();
  expect(await replay("Fire", bytes)).toBe("FAILED_PRECONDITION");
  expect(await opened()).toBe(0);
  expect(agent.programs()).toEqual([]);
  await agent.client.release({ run }, { deadlineMs: 5_000 });
});

test("a whole run, recorded and sent again when it was sealed and released, is armed at most and does no I/O", async () => {
  const { arm, fire } = await recorded();
  expect(await replay("Arm", arm)).toBe("OK");
  {
    await using watch = agent.watch(run);
    await watch.next();
    expect(await replay("Fire", fire())).toBe("OK");
    await watch.until(({ phase }) => phase === RunPhase.ENDED);
  }
  await agent.client.release({ run }, { deadlineMs: 5_000 });

  // Its name is free again, but T0 is over.
  expect(await replay("Arm", arm)).toBe("OK");
  await using watch = agent.watch(run);
  await watch.next();
  expect(await replay("Fire", fire())).toBe("PERMISSION_DENIED");
  expect(await agent.status(run)).toMatchObject({ phase: RunPhase.ARMED, started: false });
  await agent.abort(run, "seen enough");
  expect(await opened()).toBe(0);
  const written = (await agent.records(run)).filter(({ body }) => body.case === "fio");
  expect(written).toEqual([]);
  await agent.client.release({ run }, { deadlineMs: 5_000 });
  expect(agent.logged).toEqual([]);
});
