import { create } from "@bufbuild/protobuf";
import { AgentDescriptionSchema } from "@salvo/proto/agent_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, type Edit } from "./analysis.fixture.ts";
import { type DiskUser, sharedDisks } from "./shared-disks.ts";

const agent = (id: string, host: string, paths: readonly string[]) =>
  create(AgentDescriptionSchema, {
    id,
    bootId: `boot of ${host}`,
    host: { name: host },
    devices: paths.map((path, index) => ({ name: `d${index + 1}`, path })),
  });
const user = (id: string, device: string, more: Partial<DiskUser> = {}): DiskUser => ({
  participant: `${id}.${device}`,
  agent: id,
  device,
  disk: "",
  fioBytes: 100,
  diskBytes: 100,
  ...more,
});
const groups = (users: readonly DiskUser[], agents: Parameters<typeof sharedDisks>[1]) =>
  sharedDisks(users, agents).map(({ users }) => users.map(({ participant }) => participant));

test("participants on one disk of one host share it; a disk of the same name on another host is another", () => {
  const agents = [agent("a", "h1", ["/x/1", "/x/2"]), agent("b", "h1", ["/x/3"]), agent("c", "h2", ["/x/1"])];
  const users = [user("a", "d1"), user("a", "d2"), user("b", "d1"), user("c", "d1")];
  const named = users.map((each, index) => ({ ...each, disk: index === 1 ? "sdb" : "sda" }));
  expect(groups(named, agents)).toEqual([["a.d1", "b.d1"], ["a.d2"], ["c.d1"]]);
});

test("two agents of a host that use one file share it, whether or not they name its disk", () => {
  const agents = [agent("a", "h1", ["/x/1"]), agent("b", "h1", ["/x/1"])];
  expect(groups([user("a", "d1"), user("b", "d1")], agents)).toEqual([["a.d1", "b.d1"]]);
});

test("where no disk is named, files of a host share one when it counted what all of them did", () => {
  const agents = [agent("a", "h1", ["/x/1"]), agent("b", "h1", ["/y/1"])];
  const counted = (diskBytes: number) => [user("a", "d1", { diskBytes }), user("b", "d1", { diskBytes })];
  expect(groups(counted(200), agents)).toEqual([["a.d1", "b.d1"]]);
  expect(groups(counted(130), agents)).toEqual([["a.d1"], ["b.d1"]]);
});

/** The counters of participants' disks, as many times what fio moved. */
const diskMoves =
  (times: number, disk = ""): Edit =>
  ({ body, ...record }) => {
    if (body.case === "disk") {
      // The fixture's fio moves the sum of read and write bytes of the tick; see records.ts.
      body.value.disk = disk;
      body.value.readBytes = BigInt(
        Math.round(times * (bytes.get(`${body.value.participant} ${body.value.tick}`) ?? 0)),
      );
      body.value.writtenBytes = 0n;
    }
    if (body.case === "fio") {
      const moved = Number((body.value.read?.bytes ?? 0n) + (body.value.write?.bytes ?? 0n));
      bytes.set(`${body.value.participant} ${body.value.tick}`, moved);
    }
    return { ...record, body };
  };
const bytes = new Map<string, number>();

test("another user of a disk is a warning, with how much it did; the participants that share a disk are none", () => {
  const run = syntheticRun({ agents: 2, participantsPerAgent: 1 });
  const warned = (edit: Edit) => conclude(run, edit, { agents: run.agents }).summary.warnings;
  expect(warned(diskMoves(1.05))).toEqual([]);
  expect(warned(diskMoves(1.5))).toEqual(
    ["vm1.disk1", "vm2.disk1"].map(
      (id) =>
        `the disk of ${id} moved 50 % more than fio asked for: another user, or a layer that writes more than it is given`,
    ),
  );
  for (const one of run.agents) Object.assign(one, { bootId: "one" }, { host: { ...one.host, name: "h1" } });
  expect(warned(diskMoves(2.1, "sda"))).toEqual([]);
  expect(warned(diskMoves(2.1))).toEqual([]);
  expect(warned(diskMoves(3, "sda"))).toEqual([
    expect.stringMatching(
      /^the disk of vm1.disk1, vm2.disk1 moved 5\d % more than these participants together asked for/,
    ),
  ]);
});
