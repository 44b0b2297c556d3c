import { create } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { GuestDisk } from "@salvo/proto/storage_pb.ts";
import { Attach } from "@salvo/proto/study_pb.ts";
import { expect, test } from "vitest";
import { settingsOf } from "./run-settings.ts";

test("settings say who attached the storage and what guests got of it; a scenario without storage says neither", () => {
  const of = (attach: Attach, disk: GuestDisk = GuestDisk.UNSPECIFIED) =>
    settingsOf(create(RunSpecSchema, { storage: { wanted: { attach, disk } } }));
  const given = of(Attach.HYPERVISOR, GuestDisk.RDM);
  expect([given.attach, given.disk]).toEqual(["hypervisor", "rdm"]);
  for (const own of [of(Attach.GUEST), of(Attach.UNSPECIFIED)])
    expect([own.attach, own.disk]).toEqual(["guest", undefined]);
  const none = settingsOf(create(RunSpecSchema));
  expect([none.attach, none.disk]).toEqual([undefined, undefined]);
});
