import { Transport } from "@salvo/proto/storage_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { simulateKernel, type SimulatedKernel } from "./simulated-kernel.fixture.ts";
import {
  type Fault,
  LOCAL,
  NOTHING,
  NVME,
  PORTAL,
  RAM,
  RAW,
  SMALL,
  THIN,
  X,
  engine,
  memory,
  othersOn,
  specOf,
} from "./target.fixture.ts";

const VOLUME = fc.constantFrom(
  RAM,
  SMALL,
  { ...RAM, sizeBytes: 2n ** 22n },
  { ...RAM, numaNode: 0 },
  { ...THIN, name: "ram0" },
);
const ISCSI = fc.record({
  name: fc.constantFrom("x", "y"),
  transport: fc.constantFrom(Transport.ISER, Transport.ISCSI),
  portals: fc.constantFrom([PORTAL], [PORTAL, { address: "fd00::1", port: 3261 }]),
  luns: fc.constantFrom(
    [{ number: 0, volume: "ram0" }],
    [
      { number: 0, volume: "thin" },
      { number: 3, volume: "ram0" },
    ],
  ),
  initiators: fc.constantFrom([], ["iqn.2026-11.a:b"], ["iqn.2026-11.a:b", "iqn.2026-11.a:c"]),
  chap: fc.constantFrom(undefined, { user: "u", secret: "a" }, { user: "u", secret: "b" }),
  queueDepth: fc.constantFrom(0, 8),
});
/** Of volumes of their own: ram1, disk0, thick. */
const OTHER = fc.record({
  name: fc.constantFrom("x", "y"),
  transport: fc.constantFrom(Transport.NVME_TCP, Transport.NVME_RDMA),
  portals: fc.constantFrom([PORTAL], [PORTAL, { address: "fd00::1", port: 3261 }]),
  luns: fc.constantFrom(
    [{ number: 1, volume: "ram1" }],
    [
      { number: 2, volume: "thick" },
      { number: 3, volume: "disk0" },
    ],
  ),
  initiators: fc.constantFrom([], ["nqn.2026-11.a:b"], ["nqn.2026-11.a:b", "nqn.2026-11.a:c"]),
  chap: fc.constant(undefined),
  queueDepth: fc.constant(0),
});
const HERE = fc.record({
  name: fc.constantFrom("x", "y"),
  transport: fc.constant(Transport.LOCAL),
  portals: fc.constant([]),
  luns: fc.constantFrom([{ number: 0, volume: "thin" }], [{ number: 4, volume: "ram0" }]),
  initiators: fc.constant([]),
  chap: fc.constant(undefined),
  queueDepth: fc.constant(0),
});
const EXPORT = fc.oneof(ISCSI, OTHER, HERE);
const OWN = [{ ...RAM, name: "ram1" }, { ...THIN, name: "thick", thin: false, sectorBytes: 4096 }, RAW] as const;
const SPEC = fc
  .record({
    volume: VOLUME,
    exports: fc.uniqueArray(EXPORT, { selector: ({ name }) => name, maxLength: 2 }),
    none: fc.boolean(),
  })
  .map(({ volume, exports, none }) =>
    none && exports.length === 0
      ? NOTHING
      : specOf({
          volumes: [volume, THIN, ...OWN],
          exports: exports.map(({ chap, portals, luns, initiators, ...rest }) => ({
            ...rest,
            portals: [...portals],
            luns: [...luns],
            initiators: [...initiators],
            ...(chap && { chap }),
          })),
        }),
  );
test("whatever the first apply stops at, nothing is left when nothing is wanted, and all is there when all is", async () => {
  const initiators = ["iqn.2026-11.a:b"];
  const chap = { user: "u", secret: "a" };
  const nvme = {
    ...NVME,
    name: "y",
    initiators: ["nqn.2026-11.a:b"],
    luns: OWN.map(({ name }, i) => ({ number: i + 1, volume: name })),
  };
  const here = { ...LOCAL, name: "z", luns: [{ number: 0, volume: "thin" }] };
  const full = specOf({ volumes: [SMALL, THIN, ...OWN], exports: [{ ...X, initiators, chap }, nvme, here] });
  const { steps } = await engine(simulateKernel()).plan(full);
  const ops = steps.flatMap((step) => step.ops).length;
  expect(ops).toBeGreaterThan(80);
  for (let at = 0; at < ops; at++)
    for (const fault of ["before", "after"] as const)
      for (const last of [NOTHING, full]) {
        const host = simulateKernel();
        const made = memory();
        await expect(engine(host, made, [...Array<Fault>(at), fault]).apply(full)).rejects.toThrow("on purpose");
        const { apply, stepsFor } = engine(host, made);
        await apply(last);
        expect(await stepsFor(last), `${at} ${fault}`).toEqual([]);
        await apply(NOTHING);
        expect(leftOn(host, simulateKernel().nodes), `${at} ${fault}`).toEqual([]);
      }
});

/** What no destroy takes away: modules, and what comes with them. */
function leftOn(host: SimulatedKernel, before: ReadonlyMap<string, unknown>): string[] {
  const stays =
    /^\/sys\/module\/|^\/sys\/kernel\/config(\/target(\/core(\/alua)?)?|\/nullb|\/nvmet(\/[a-z]+)?)?$|^\/data\/volumes(\/nvme)?$/;
  return [...host.nodes.keys()].filter((path) => !before.has(path) && !stays.test(path));
}

/** An apply stops at its first fault: where that is, from 0. */
const FAULT = fc.record({ at: fc.nat(120), fault: fc.constantFrom<Fault[]>("before", "after") });

test("whatever fails at whatever write, the next plan completes it, and nothing of others changes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(SPEC, FAULT), { maxLength: 4 }),
      SPEC,
      fc.boolean(),
      async (before, last, others) => {
        const host = simulateKernel();
        if (others) othersOn(host);
        const untouched = new Map(host.nodes);
        const made = memory();
        for (const [spec, { at, fault }] of before)
          await engine(host, made, [...Array<Fault>(at), fault])
            .apply(spec)
            .catch((error: Error) => expect(error.message).toMatch(/on purpose/));
        const { apply, stepsFor } = engine(host, made);
        await apply(last);
        expect(await stepsFor(last)).toEqual([]);
        await apply(NOTHING);
        expect(leftOn(host, untouched)).toEqual([]);
        if (others) for (const [path, node] of untouched) expect([path, host.nodes.get(path)]).toEqual([path, node]);
      },
    ),
    { numRuns: 150 },
  );
});
