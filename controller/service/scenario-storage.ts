/** Makes the storage of a scenario and attaches its guests. */
import { create } from "@bufbuild/protobuf";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import type { PathCheck } from "@salvo/proto/path_pb.ts";
import { type RunSpec, type RunStorage, RunStorageSchema, StorageUnderWaySchema } from "@salvo/proto/run_pb.ts";
import { TargetSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import type { ScenarioStorage } from "@salvo/proto/study_pb.ts";
import { isNvme, isRdma, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { targetSpec } from "../domain/lab-storage.ts";
import { describeCheck } from "../domain/path-checks.ts";
import { attachersOf } from "../domain/guests.ts";
import { exportedOf, type InitiatorNames, planStorage } from "../domain/scenario-storage.ts";
import { attachGuests, bring } from "./attach-guests.ts";
import { type Channels, expectedOf } from "./channels.ts";
import { checkPaths } from "./path-checks.ts";
import { agentOf, attachedByOthers, ownAttacher, ownDisks, ownTarget } from "./scenario-hosts.ts";
import { type ScenarioDeps, takeDownStorage } from "./storage-takedown.ts";
import { exportedBy, onHost, type StorageHost, targetHost } from "./storage.ts";

const LOOK_MS = 30_000;
/** The storage of one scenario, there for its runs. */
export interface MadeStorage {
  /** What its runs are to be told. */
  readonly storage: RunStorage;
  /** False when something is left, which it has said. */
  takeDown(): Promise<boolean>;
}

/**
 * When all of it is there. Throws at what fails, and has tried to take away what was made by then. Throws `refused`, with nothing
 * done, where something else is still to be done for the lab file: that people do themselves, with `salvo lab apply`, which asks them.
 */
export async function setUpStorage({ scenario, storage }: RunSpec, deps: ScenarioDeps): Promise<MadeStorage> {
  const wanted = storage?.wanted;
  if (!wanted) throw new SalvoError("internal", `scenario ${scenario} has no storage to set up`);
  const { lab, records, channels } = deps;
  for (const agent of agentsOf(wanted, deps)) await channels.renewWhenDue(expectedOf(agent), Date.now());
  await Promise.all((await hostsBefore(wanted, deps)).map(expectDone));
  const tag = await freeTag(deps);
  const underWay = create(StorageUnderWaySchema, { scenario, wanted, lab });
  await records.write(tag, underWay);
  const takeDown = () => takeDownStorage(tag, underWay, deps);
  try {
    return { storage: await make(scenario, wanted, tag, deps), takeDown };
  } catch (error) {
    await takeDown();
    throw error;
  }
}

async function freeTag({ records, newTag }: ScenarioDeps): Promise<string> {
  const taken = await records.tags();
  let tag = newTag();
  while (taken.has(tag)) tag = newTag();
  return tag;
}

function agentsOf(wanted: ScenarioStorage, { lab }: ScenarioDeps): LabAgent[] {
  const ids = [...attachersOf(wanted, lab)].flatMap(([attacher, guests]) => [attacher, ...guests]);
  return [...new Set([...ids, wanted.target])].map((id) => agentOf(id, lab));
}

/** As the lab file alone has them: target, attachers, and guests that others attach for. */
async function hostsBefore(wanted: ScenarioStorage, deps: ScenarioDeps): Promise<StorageHost[]> {
  const { lab } = deps;
  const attachers = attachersOf(wanted, lab);
  return [
    ...(await Promise.all([...attachers.keys()].map((id) => ownAttacher(agentOf(id, lab), lab, deps)))),
    ...attachedByOthers(attachers).map((id) => ownDisks(agentOf(id, lab), deps)),
    ownTarget(agentOf(wanted.target, lab), lab, deps),
  ];
}

async function expectDone(host: StorageHost): Promise<void> {
  const { steps } = (await onHost(host, host.plan())).plan;
  const [first] = steps;
  if (first)
    throw new SalvoError(
      "refused",
      `its ${host.role} is not as the lab file says: ${steps.length} steps, first: ${first.text}`,
      {
        host: host.agent.id,
        remedy: "Another study may be running: wait for it. Otherwise type salvo lab plan, then salvo lab apply",
      },
    );
}

async function make(scenario: string, wanted: ScenarioStorage, tag: string, deps: ScenarioDeps): Promise<RunStorage> {
  const { lab, channels, say } = deps;
  const attachers = [...attachersOf(wanted, lab).keys()].map((id) => agentOf(id, lab));
  const names = new Map(
    await Promise.all(attachers.map(async (agent) => [agent.id, await namesOf(agent, channels)] as const)),
  );
  if (wanted.transport !== Transport.LOCAL) refuseNames(names, isNvme(wanted.transport));
  const planned = planStorage(scenario, wanted, lab, { tag, names });
  const target = agentOf(wanted.target, lab);
  say(`${scenario}: making ${planned.target.volumes.length} LUNs on ${target.id}, ${transportName(wanted.transport)}`);
  const own = targetSpec(lab, target.id);
  const spec = create(TargetSpecSchema, {
    volumes: [...own.volumes, ...planned.target.volumes],
    exports: [...own.exports, ...planned.target.exports],
  });
  await bring(targetHost(target, spec, channels), deps);

  const exported = exportedOf(planned, (await exportedBy([target], channels)).get(target.id) ?? []);
  if (exported.length !== planned.target.volumes.length)
    throw new SalvoError(
      "program-failed",
      `it tells of ${exported.length} LUNs, not ${planned.target.volumes.length}`,
      {
        host: target.id,
      },
    );
  const checks = wanted.transport === Transport.LOCAL ? [] : await lookAtPaths(target, attachers, wanted, deps);
  const attached = await attachGuests(scenario, wanted, { planned, exported }, deps);
  return create(RunStorageSchema, { wanted, exported, attached, checks });
}

async function namesOf(guest: LabAgent, channels: Channels): Promise<InitiatorNames> {
  const client = channels.clientOf(InitiatorService, expectedOf(guest));
  return onHost({ agent: guest }, client.inspect({}, { deadlineMs: LOOK_MS }));
}

/** Throws `refused` for a host without a name, to which a target would be open for all, and for two with the same one. */
function refuseNames(names: ReadonlyMap<string, InitiatorNames>, nvme: boolean): void {
  const file = nvme ? "/etc/nvme/hostnqn" : "/etc/iscsi/initiatorname.iscsi";
  const remedy = nvme
    ? "Type there: nvme gen-hostnqn > /etc/nvme/hostnqn"
    : "Type there: echo InitiatorName=$(iscsi-iname) > /etc/iscsi/initiatorname.iscsi; systemctl restart iscsid";
  const byName = Map.groupBy([...names], ([, { initiator, hostNqn }]) => (nvme ? hostNqn : initiator));
  for (const [name, [first, second]] of byName) {
    const host = (second ?? first)?.[0] ?? "";
    if (name === "") throw new SalvoError("refused", "this host has no name as an initiator", { host, file, remedy });
    if (second)
      throw new SalvoError("refused", `as an initiator it has the same name as ${first?.[0]}: ${name}`, {
        host,
        file,
        remedy,
      });
  }
}

async function lookAtPaths(
  target: LabAgent,
  attachers: readonly LabAgent[],
  { transport }: ScenarioStorage,
  { channels, say, signal }: ScenarioDeps,
): Promise<PathCheck[]> {
  return checkPaths(
    { target, guests: attachers, rdma: isRdma(transport) },
    { channels, signal, onCheck: (check) => say(describeCheck(check)) },
  );
}
