import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Fault, memory } from "../target/target.fixture.ts";
import {
  NOTHING,
  NVME,
  PORTAL,
  SECRET,
  X,
  attachmentTo,
  engine,
  leftOn,
  othersOn,
  specOf,
} from "./initiator.fixture.ts";
import { type SimulatedInitiator, simulateInitiator } from "./simulated-initiator.fixture.ts";

const chap = { user: "guest1", secret: "chap" };
const lun = { ...X.luns[0]!, wwn: "naa.6001405e00000000000000000000000", serial: "e" };
const Y = { ...X, name: `${X.name}y`, portals: ["10.0.0.1:3260", "[fd00::1]:3260"], luns: [lun] };
const NETWORK = [{ ...X, chap: { user: "guest1", password: SECRET } }, Y, NVME];
const PORTALS = [PORTAL, { address: "fd00::1", port: 3260 }];

const ATTACHMENTS = {
  "one session": attachmentTo(X, { chap, luns: X.luns }),
  "three sessions in one map, with a queue depth": attachmentTo(X, { sessions: 3, chap, queueDepth: 200 }),
  "iSER, two portals, a disk each": attachmentTo(Y, {
    transport: Transport.ISER,
    portals: PORTALS,
    multipath: Multipath.NONE,
  }),
  "two controllers of NVMe": attachmentTo(NVME, { sessions: 2, queueDepth: 32 }),
};

type Attachment = ReturnType<typeof attachmentTo>;

/** How everything is set up, whatever numbers the kernel has given. */
function setUpOn(host: SimulatedInitiator): string[] {
  const told =
    /^\/etc\/iscsi\/nodes\/|^\/agent\/data\/|^\/dev\/mapper\/|\/(targetname|persistent_\w+|proc_name|subsysnqn|sqsize|ctrl_loss_tmo|reconnect_delay)$/;
  return [...host.contents()]
    .filter(([path]) => told.test(path))
    .map(([path, text]) => `${path.replaceAll(/(host|session|connection|nvme|subsys)\d+/g, "$1N")}: ${text}`)
    .map((line) => line.replaceAll(/"(node|uuid)":"[^"]+"/g, "").replaceAll(/ \d+:\d+ 1/g, " NUMBER 1"))
    .toSorted();
}

const CASES = Object.entries(ATTACHMENTS);

interface Stopped {
  readonly host: SimulatedInitiator;
  readonly before: ReadonlyMap<string, string>;
  readonly agent: ReturnType<typeof engine>;
  /** Where it stopped. */
  readonly told: string;
}

/** Of every op: what comes after an apply that failed at it. */
async function afterEachFault(attachment: Attachment, then: (stopped: Stopped) => Promise<void>): Promise<void> {
  const spec = specOf(attachment);
  const commands = await engine(simulateInitiator(NETWORK)).commandsFor(spec);
  for (const [at, command] of commands.entries())
    for (const fault of ["before", "after"] as const) {
      const host = simulateInitiator(NETWORK);
      const before = host.contents();
      const made = memory();
      await expect(engine(host, made, [...Array<Fault>(at), fault]).apply(spec)).rejects.toThrow("on purpose");
      await then({ host, before, agent: engine(host, made), told: `${fault} ${command}` });
    }
}

test.each(CASES)(
  "%s: whatever an apply stops at, the plan knows what is left of it, and the next makes all as without a fault",
  async (_, attachment) => {
    const spec = specOf(attachment);
    const undisturbed = simulateInitiator(NETWORK);
    await engine(undisturbed).apply(spec);
    const wanted = setUpOn(undisturbed);
    expect(wanted.length).toBeGreaterThan(4);
    const all = await engine(simulateInitiator(NETWORK)).stepsFor(spec);
    await afterEachFault(attachment, async ({ host, before, agent: { apply, inspect, stepsFor }, told }) => {
      const { items } = await inspect();
      const there = items.filter(({ ours, problem }) => ours && problem === undefined).map(({ id }) => `make ${id}`);
      const known = new Set([...there, ...(await stepsFor(spec).catch(() => ["refused"]))]);
      const unknown = all.filter((step) => !known.has(step));
      expect.soft(unknown, told).toEqual([]);
      await apply(spec).catch((error: Error) => expect.soft(error.message, told).toBe(""));
      expect.soft(await stepsFor(spec).catch(() => "refused"), told).toEqual([]);
      expect.soft(setUpOn(host), told).toEqual(wanted);
      await apply(NOTHING).catch((error: Error) => expect.soft(error.message, told).toBe(""));
      expect.soft(leftOn(host, before), told).toEqual([]);
    });
  },
);

test.each(CASES)("%s: whatever an apply stops at, what there is of it can be taken away", async (_, attachment) => {
  await afterEachFault(attachment, async ({ host, before, agent: { apply, stepsFor }, told }) => {
    await apply(NOTHING).catch((error: Error) => expect.soft(error.message, told).toBe(""));
    expect.soft(await stepsFor(NOTHING).catch(() => "refused"), told).toEqual([]);
    expect.soft(leftOn(host, before), told).toEqual([]);
  });
});

test("a target that lets in two of three sessions: two are left and told, and three come when it lets them", async () => {
  const host = simulateInitiator([{ ...X, sessionsMax: 2 }]);
  const before = host.contents();
  const { apply, stepsFor, inspect } = engine(host);
  const spec = specOf(attachmentTo(X, { sessions: 3 }));
  await expect(apply(spec)).rejects.toThrow("login failed");
  const login = (await inspect()).items.find(({ id }) => id.startsWith("login "));
  expect(login).toMatchObject({ ours: true, text: expect.stringMatching(/^2 sessions to /) });
  host.network.targets = [X];
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  expect(host.list("/sys/class/iscsi_session")).toHaveLength(3);
  await apply(NOTHING);
  expect(leftOn(host, before)).toEqual([]);
});

test("of two portals one does not answer: what is there by the other is completed when it does", async () => {
  const host = simulateInitiator([{ ...Y, portals: ["10.0.0.1:3260"] }]);
  const before = host.contents();
  const { apply, stepsFor } = engine(host);
  const spec = specOf(attachmentTo(Y, { portals: PORTALS }));
  await expect(apply(spec)).rejects.toThrow("cannot make connection to [fd00::1]:3260");
  host.network.targets = [Y];
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  expect(host.list("/sys/class/iscsi_session")).toHaveLength(2);
  await apply(NOTHING);
  expect(leftOn(host, before)).toEqual([]);
});

/** Of both targets of iSCSI and of that of NVMe, in any of their forms, or none. */
const SPEC = fc
  .record({
    x: fc.option(fc.record({ sessions: fc.constantFrom(1, 2), queueDepth: fc.constantFrom(0, 200) })),
    y: fc.option(
      fc.record({
        transport: fc.constantFrom(Transport.ISCSI, Transport.ISER),
        portals: fc.constantFrom(PORTALS, [PORTAL]),
        multipath: fc.constantFrom(Multipath.ROUND_ROBIN, Multipath.QUEUE_LENGTH, Multipath.NONE),
      }),
    ),
    nvme: fc.option(fc.record({ sessions: fc.constantFrom(1, 2), luns: fc.constantFrom(1, 2) })),
  })
  .map(({ x, y, nvme }) =>
    specOf(
      ...(x ? [attachmentTo(X, { ...x, chap })] : []),
      ...(y ? [attachmentTo(Y, { ...y, luns: [{ ...lun, device: "lun1" }] })] : []),
      ...(nvme ? [attachmentTo(NVME, { sessions: nvme.sessions, luns: NVME.luns.slice(0, nvme.luns) })] : []),
    ),
  );
/** An apply stops at its first fault: where that is, from 0. */
const FAULT = fc.record({ at: fc.nat(40), fault: fc.constantFrom<Fault[]>("before", "after") });

test("whatever fails at whatever op, the next plan completes it, and nothing of others changes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(SPEC, FAULT), { maxLength: 3 }), SPEC, async (earlier, last) => {
      const host = simulateInitiator(NETWORK);
      othersOn(host);
      const before = host.contents();
      const made = memory();
      for (const [spec, { at, fault }] of earlier)
        await engine(host, made, [...Array<Fault>(at), fault])
          .apply(spec)
          .catch((error: Error) => expect(error.message).toMatch(/on purpose/));
      const { apply, stepsFor } = engine(host, made);
      await apply(last);
      expect(await stepsFor(last)).toEqual([]);
      await apply(NOTHING);
      expect(leftOn(host, before)).toEqual([]);
      const after = host.contents();
      for (const [path, text] of before) expect([path, after.get(path)]).toEqual([path, text]);
    }),
    { numRuns: 40 },
  );
});
