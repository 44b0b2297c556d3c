/** Gives guests the LUNs that a target has made for them: those that attach themselves, and those whose attacher is another agent. */
import { create } from "@bufbuild/protobuf";
import { type AwaitedDisk, DiskSpecSchema } from "@salvo/proto/disk_pb.ts";
import { type GivenDisk, InitiatorService } from "@salvo/proto/initiator_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { type AttachedAgent, AttachedAgentSchema } from "@salvo/proto/run_pb.ts";
import { InitiatorSpecSchema } from "@salvo/proto/storage_pb.ts";
import type { ScenarioStorage } from "@salvo/proto/study_pb.ts";
import type { ExportedLun } from "@salvo/proto/target_pb.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { initiatorWish } from "../domain/lab-storage.ts";
import { attachersOf } from "../domain/guests.ts";
import type { PlannedStorage } from "../domain/scenario-storage.ts";
import { expectedOf } from "./channels.ts";
import { agentOf, attachedByOthers, exportedFor } from "./scenario-hosts.ts";
import { apply, type ScenarioDeps } from "./storage-takedown.ts";
import { disksHost, initiatorHost, onHost, type StorageHost } from "./storage.ts";

const LOOK_MS = 30_000;

export interface MadeLuns {
  readonly planned: PlannedStorage;
  readonly exported: readonly ExportedLun[];
}

/**
 * A guest that another agent attaches for waits for its disks before these can come, so that it takes none that was there before.
 * Then attachers attach, and such guests take what their attachers report. Throws when a session is not what was asked for.
 */
export async function attachGuests(
  scenario: string,
  wanted: ScenarioStorage,
  made: MadeLuns,
  deps: ScenarioDeps,
): Promise<AttachedAgent[]> {
  const { lab, channels, say } = deps;
  const attachers = attachersOf(wanted, lab);
  const others = attachedByOthers(attachers);
  const { planned, exported } = made;
  const bringDisks = (guest: string, disks: AwaitedDisk[]) =>
    bring(disksHost(agentOf(guest, lab), create(DiskSpecSchema, { disks }), channels), deps);

  await Promise.all(others.map((guest) => bringDisks(guest, planned.disks(guest, exported))));
  say(`${scenario}: attaching ${[...attachers.values()].flat().join(", ")}`);
  const attached = await Promise.all([...attachers.keys()].map((id) => attach(agentOf(id, lab), wanted, made, deps)));
  const given = attached.flatMap((each) => each.given);
  await Promise.all(
    others.map((guest) =>
      bringDisks(
        guest,
        planned.disks(guest, exported, given).map((disk) => known(disk, guest)),
      ),
    ),
  );
  return attached.map(({ agent }) => agent);
}

async function attach(
  agent: LabAgent,
  { transport }: ScenarioStorage,
  { planned, exported }: MadeLuns,
  deps: ScenarioDeps,
): Promise<{ readonly agent: AttachedAgent; readonly given: readonly GivenDisk[] }> {
  const { lab, channels } = deps;
  const { id } = agent;
  const own = initiatorWish(lab, id, await exportedFor(agent, lab, deps)).spec;
  const attachments = planned.attachments(id, exported);
  const spec = create(InitiatorSpecSchema, { attachments: [...own.attachments, ...attachments] });
  await bring(initiatorHost(agent, spec, channels), deps);

  // Read back from the sessions themselves.
  const client = channels.clientOf(InitiatorService, expectedOf(agent));
  const { luns, given } = await onHost({ agent }, client.inspect({}, { deadlineMs: LOOK_MS }));
  const targets = new Set(attachments.map(({ target }) => target));
  const mine = luns.filter(({ target }) => targets.has(target));
  const other = mine.find((lun) => lun.transport !== transport);
  if (other)
    throw new SalvoError(
      "program-failed",
      `${other.session} to ${other.target} is over ${transportName(other.transport)}, not ${transportName(transport)}`,
      { host: id },
    );
  return { agent: create(AttachedAgentSchema, { agent: id, luns: mine }), given };
}

/** Throws for a disk of which its attacher does not say by what the guest will recognize it. */
function known(disk: AwaitedDisk, guest: string): AwaitedDisk {
  if (disk.serial !== "" || disk.wwn !== "") return disk;
  const what = `it does not report by what ${guest} will recognize ${disk.device}: neither serial number nor WWN`;
  throw new SalvoError("program-failed", what, { host: disk.attacher });
}

export async function bring(host: StorageHost, deps: ScenarioDeps): Promise<void> {
  const { plan } = await onHost(host, host.plan());
  if (plan.steps.length > 0) await apply(host, plan, deps);
}
