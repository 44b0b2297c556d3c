import { StepAction, TargetSpecSchema } from "@salvo/proto/storage_pb.ts";
import fc from "fast-check";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Deed } from "../../audit/entry.ts";
import type { AuditLog } from "../../audit/log.ts";
import { openOccupation } from "../occupation.ts";
import { type Made, openMade } from "./made.ts";
import { itemMessage, planMessage } from "./messages.ts";
import { createProvisioner } from "./provisioner.ts";
import { type Fault, type ToyHost, toyHost, toyProvider, type ToySpec, toySpec } from "./toy.fixture.ts";

function memory(): Made {
  let ids = new Set<string>();
  return { read: async () => new Set(ids), write: async (now) => void (ids = new Set(now)) };
}

function engine(host: ToyHost, made = memory()) {
  const deeds: { readonly deed: Deed; readonly opsBefore: number }[] = [];
  const around: AuditLog["around"] = async (deed, act) => {
    deeds.push({ deed, opsBefore: host.done.length });
    return act();
  };
  const occupation = openOccupation("target");
  const provisioner = createProvisioner({
    host: "target",
    name: "salvo.v1.TargetService",
    schema: TargetSpecSchema,
    provider: toyProvider(host),
    made,
    audit: { around },
    occupation,
  });
  const apply = async (spec: ToySpec, { hash, signal = new AbortController().signal }: ApplyHow = {}) => {
    const bound = hash ?? (await provisioner.plan(toySpec(spec))).hash;
    return Array.fromAsync(provisioner.apply({ spec: toySpec(spec), hash: bound, who: "me", signal }));
  };
  return {
    ...provisioner,
    provisioner,
    occupation,
    apply,
    deeds,
    stepsFor: async (spec: ToySpec) => idsOf(await provisioner.plan(toySpec(spec))),
  };
}

interface ApplyHow {
  readonly hash?: string;
  readonly signal?: AbortSignal;
}

const idsOf = ({ steps }: { steps: readonly { id: string }[] }) => steps.map(({ id }) => id);
const NOTHING: ToySpec = { volumes: {}, exports: {} };
const ONE: ToySpec = { volumes: { a: 1 }, exports: { x: { volume: "a", depth: 8 } } };

test("what is wanted is made in order of need, and taken away in the reverse", async () => {
  const { apply, stepsFor } = engine(toyHost());
  expect(await stepsFor(ONE)).toEqual(["make volume a", "make export x"]);
  await apply(ONE);
  expect(await stepsFor(ONE)).toEqual([]);
  expect(await stepsFor(NOTHING)).toEqual(["remove export x", "remove volume a"]);
});

test("what can be changed in use is set, and what cannot is made anew with all that stands on it", async () => {
  const { apply, stepsFor } = engine(toyHost());
  await apply(ONE);
  expect(await stepsFor({ ...ONE, exports: { x: { volume: "a", depth: 9 } } })).toEqual(["set export x"]);
  expect(await stepsFor({ ...ONE, volumes: { a: 2 } })).toEqual([
    "remove export x",
    "remove volume a",
    "make volume a",
    "make export x",
  ]);
});

test("what a step does, and to what, are fields of their own on the wire", async () => {
  const { apply, plan, inspect } = engine(toyHost());
  await apply(ONE);
  const spec = toySpec({ volumes: { b: 1 }, exports: {} });
  const { steps = [] } = planMessage(await plan(spec));
  expect(steps.map(({ action, kind, piece, what }) => [action, kind, piece, what])).toEqual([
    [StepAction.REMOVE, "export", "export x", "export x"],
    [StepAction.REMOVE, "volume", "volume a", "volume a"],
    [StepAction.MAKE, "volume", "volume b", "volume b"],
  ]);
  const deeper = await plan(toySpec({ ...ONE, exports: { x: { volume: "a", depth: 9 } } }));
  expect(planMessage(deeper).steps).toMatchObject([{ action: StepAction.SET, commands: ["put /export/x/depth 9"] }]);
  expect((await inspect()).items.map(itemMessage)).toMatchObject([{ kind: "volume" }, { kind: "export" }]);
});

test("a plan is not applied to a host that has changed since", async () => {
  const host = toyHost();
  const { apply, plan } = engine(host);
  const { hash } = await plan(toySpec(ONE));
  await apply({ ...ONE, exports: {} });
  const done = host.done.length;
  await expect(apply(ONE, { hash })).rejects.toMatchObject({
    kind: "wrong-state",
    message: "the host has changed since it was planned: now there is to do: make export x",
  });
  expect(host.done).toHaveLength(done);
});

test("every step is in the audit log before its first op, with its commands", async () => {
  const { apply, deeds } = engine(toyHost());
  await apply(ONE);
  expect(deeds.map(({ deed: { what, details }, opsBefore }) => [what, details?.["step"], opsBefore])).toEqual([
    ["salvo.v1.TargetService/Apply", "make volume a", 0],
    ["salvo.v1.TargetService/Apply", "make export x", 3],
  ]);
  expect(deeds[0]?.deed.details?.["commands"]).toBe("put /volume/a\nput /volume/a/size 1\nput /volume/a/on 1");
});

test("what somebody else has made is in nobody's way until its name is wanted, and then it is refused", async () => {
  const host = toyHost();
  host.tree.set("/volume/a", undefined).set("/volume/a/size", "1").set("/volume/a/on", "1");
  const { stepsFor, inspect } = engine(host);
  expect((await inspect()).items).toMatchObject([{ id: "volume a", ours: false }]);
  expect(await stepsFor(NOTHING)).toEqual([]);
  await expect(stepsFor(ONE)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("volume a") });
});

test("what somebody else has put on ours is not removed, and said to be in the way", async () => {
  const host = toyHost();
  const { apply, stepsFor } = engine(host);
  await apply({ ...ONE, exports: {} });
  host.tree.set("/export/y", undefined).set("/export/y/volume", "a").set("/export/y/on", "1");
  await expect(stepsFor(NOTHING)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("export y"),
  });
});

test("what is gone is not ours any more, when somebody makes another of its name", async () => {
  const host = toyHost();
  const made = memory();
  const { apply, stepsFor } = engine(host, made);
  await apply({ ...ONE, exports: {} });
  host.tree.clear();
  await apply(NOTHING);
  host.tree.set("/volume/a", undefined).set("/volume/a/size", "1").set("/volume/a/on", "1");
  expect(await stepsFor(NOTHING)).toEqual([]);
});

test("only the removals of a plan are done when no more is asked for, and the rest is planned anew", async () => {
  const host = toyHost();
  const { apply, plan, provisioner, stepsFor } = engine(host);
  await apply(ONE);
  const next: ToySpec = { ...ONE, volumes: { a: 2 } };
  const { hash } = await plan(toySpec(next));
  const request = { spec: toySpec(next), hash, removalsOnly: true, who: "me", signal: new AbortController().signal };
  expect(await Array.fromAsync(provisioner.apply(request))).toHaveLength(4);
  expect([...host.tree.keys()]).toEqual([]);
  expect(await stepsFor(next)).toEqual(["make volume a", "make export x"]);
});

test("cancelled, it ends after the step that it is at", async () => {
  const host = toyHost();
  const { plan, provisioner, stepsFor } = engine(host);
  const { hash } = await plan(toySpec(ONE));
  const stop = new AbortController();
  const progress = async () => {
    for await (const _ of provisioner.apply({ spec: toySpec(ONE), hash, who: "me", signal: stop.signal }))
      stop.abort(new Error("enough"));
  };
  await expect(progress()).rejects.toThrow("enough");
  expect(host.done).toHaveLength(3);
  expect(await stepsFor(ONE)).toEqual(["make export x"]);
});

test("two at once are one too many", async () => {
  const { plan, apply } = engine(toyHost());
  const { hash } = await plan(toySpec(ONE));
  const both = await Promise.allSettled([apply(ONE, { hash }), apply(ONE, { hash })]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
});

test("nothing is changed while the host is at a run, and nothing begins while something is changed", async () => {
  const host = toyHost();
  const { plan, apply, occupation, provisioner } = engine(host);
  const { hash } = await plan(toySpec(ONE));
  {
    using _ = occupation.begin("run r-1");
    await expect(apply(ONE, { hash })).rejects.toThrow("agent target is in use by run r-1");
    expect(host.done).toEqual([]);
  }
  const signal = new AbortController().signal;
  const progress = provisioner.apply({ spec: toySpec(ONE), hash, who: "me", signal });
  await progress.next();
  expect(() => occupation.begin("run r-2")).toThrow("agent target is in use by a change of its storage");
  await progress.return(undefined);
  occupation.begin("run r-2")[Symbol.dispose]();
});

const NAMES = ["a", "b", "c"];
const subset = <T>(value: fc.Arbitrary<T>) => fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 3 });
const SPEC: fc.Arbitrary<ToySpec> = fc.record({
  volumes: subset(fc.integer({ min: 1, max: 2 })),
  exports: subset(fc.record({ volume: fc.constantFrom(...NAMES), depth: fc.integer({ min: 1, max: 3 }) })),
});
const FAULTS = fc.array(fc.option(fc.constantFrom<Fault[]>("before", "after"), { nil: undefined, freq: 4 }), {
  maxLength: 12,
});

test("whatever fails wherever, the next plans complete it; what is others' never changes; twice is empty", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(SPEC, FAULTS), { maxLength: 5 }), SPEC, async (before, last) => {
      const host = toyHost();
      host.tree.set("/volume/foreign", undefined).set("/volume/foreign/size", "7").set("/volume/foreign/on", "1");
      host.tree.set("/export/theirs", undefined).set("/export/theirs/volume", "foreign").set("/export/theirs/on", "1");
      const theirs = () => [...host.tree].filter(([path]) => /foreign|theirs/.test(path));
      const untouched = theirs();
      const made = memory();
      for (const [spec, faults] of before) {
        host.faults = [...faults];
        await engine(host, made)
          .apply(spec)
          .catch(() => {}); // as it was meant to
      }
      host.faults = [];
      const { apply, stepsFor } = engine(host, made);
      await apply(last);
      expect(await stepsFor(last)).toEqual([]);
      const fresh = toyHost();
      await engine(fresh).apply(last);
      const ours = [...host.tree].filter(([path]) => !/foreign|theirs/.test(path));
      expect(new Map(ours)).toEqual(fresh.tree);
      await apply(NOTHING);
      expect([...host.tree]).toEqual(untouched);
      expect(await made.read()).toEqual(new Set());
    }),
    { numRuns: 300 },
  );
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-made-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("what was made is remembered in a file, and a file of something else is not taken for one", async () => {
  const file = join(folder, "made", "target.json");
  await openMade(file).write(new Set(["volume b", "volume a"]));
  expect(await openMade(file).read()).toEqual(new Set(["volume a", "volume b"]));
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(["volume a", "volume b"]);
  for (const text of ["", "{}", "[1]"]) {
    await writeFile(file, text);
    await expect(openMade(file).read(), text).rejects.toMatchObject({ kind: "corrupt", file });
  }
});
