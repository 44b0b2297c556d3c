/** Takes the storage of a scenario away again, and what earlier controllers have left of it. */
import type { Lab, LabAgent } from "@salvo/proto/lab_pb.ts";
import type { StorageUnderWay } from "@salvo/proto/run_pb.ts";
import type { Plan } from "@salvo/proto/storage_pb.ts";
import { type SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import { attachersOf } from "../domain/guests.ts";
import type { DamagedRecord, StorageRecords } from "../store/storage-under-way.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, expectedOf } from "./channels.ts";
import { attachedByOthers, ownAttacher, ownDisks, ownTarget } from "./scenario-hosts.ts";
import { applyPlan, onHost, type StorageHost } from "./storage.ts";

export interface ScenarioDeps {
  readonly lab: Lab;
  readonly identities: AuditedLab;
  readonly channels: Channels;
  readonly records: StorageRecords;
  /** Of a few letters and digits, new each time. */
  readonly newTag: () => string;
  /** A line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Taking away is done also after the person has stopped the study. */
const TAKE_DOWN_MS = 120_000;
const AGAIN_MS = 1_000;

/** What controllers that are no more have left of this lab; of other labs it only says so. all: nothing stays that it has not taken away. */
export async function takeDownLeft(deps: ScenarioDeps): Promise<{ readonly found: boolean; readonly all: boolean }> {
  const { lab, records, say } = deps;
  let [found, all] = [false, true];
  for (const damaged of await records.damaged()) say(await setAside(damaged, records));
  for (const [tag, underWay] of await records.list()) {
    const of = underWay.lab?.name ?? "";
    if (of !== lab.name) {
      say(
        `${underWay.scenario}: an earlier study has left storage in lab ${of}: salvo resume with its lab file takes it away`,
      );
      continue;
    }
    found = true;
    say(`${underWay.scenario}: taking away the storage that an earlier study has left`);
    if (!(await takeDownStorage(tag, underWay, deps))) all = false;
  }
  return { found, all };
}

/** Said once: nobody can tell any more what it was of, and so nothing is taken away for it. */
async function setAside({ tag, file, why }: DamagedRecord, records: StorageRecords): Promise<string> {
  const aside = await records.setAside(tag);
  const todo = "salvo lab plan shows what is left on the hosts, and salvo lab apply takes it away";
  return `${file} does not say what storage a study has made (${why}); it is kept as ${aside}: ${todo}`;
}

/**
 * Every host is again as the lab file had it before, unless it is as the lab file says now: then nothing of the scenario is left,
 * and what people have applied since stays. Guests let go first, then attachers, all of them, and then the target. What cannot be taken
 * away now is said, stays on record, and does not keep the rest; false then. Of agents that the lab has no more nothing is asked.
 */
export async function takeDownStorage(
  tag: string,
  { scenario, wanted, lab: before }: StorageUnderWay,
  deps: ScenarioDeps,
): Promise<boolean> {
  const { records } = deps;
  if (!wanted || !before) return true; // it was never written so
  const attempt = (id: string, hostIn: HostIn) => takeAway(scenario, id, hostIn, before, deps);
  const attachers = attachersOf(wanted, before);
  const forgotten = await Promise.all(
    attachedByOthers(attachers).map((id) => attempt(id, async (agent) => ownDisks(agent, deps))),
  );
  const left = await Promise.all(
    [...attachers.keys()].map((id) => attempt(id, (agent, of) => ownAttacher(agent, of, deps))),
  );
  const gone = await attempt(wanted.target, async (agent, of) => ownTarget(agent, of, deps));
  const all = gone && [...forgotten, ...left].every(Boolean);
  if (all) await records.remove(tag);
  return all;
}

/** As a lab file has it. */
type HostIn = (agent: LabAgent, of: Lab) => Promise<StorageHost>;

async function takeAway(
  scenario: string,
  id: string,
  hostIn: HostIn,
  before: Lab,
  deps: ScenarioDeps,
): Promise<boolean> {
  const { lab, channels, say } = deps;
  const agent = lab.agents.find((each) => each.id === id);
  if (!agent) {
    say(`${scenario}: ${id} is no longer in the lab: what was made there may still exist`);
    return true;
  }
  using signal = deadline(TAKE_DOWN_MS, `taking the storage of ${scenario} away from ${id}`);
  try {
    await channels.renewWhenDue(expectedOf(agent), Date.now(), { signal });
    await bringBack(await hostIn(agent, lab), await hostIn(agent, before), { ...deps, signal });
    return true;
  } catch (error) {
    say(`${scenario}: what was made on ${id} is still there: ${toSalvoError(error).describe()}`);
    return false;
  }
}

/**
 * What a call that was given up has begun on the host ends by itself, and is in the way until then. So a plan is applied even when
 * there is nothing to do: it is refused for as long as something else is at work.
 */
async function bringBack(now: StorageHost, before: StorageHost, deps: ScenarioDeps): Promise<void> {
  for (;;) {
    let busy: SalvoError;
    try {
      const { plan } = await onHost(now, now.plan());
      if (plan.steps.length === 0) return await apply(now, plan, deps);
      return await apply(before, (await onHost(before, before.plan())).plan, deps);
    } catch (error) {
      busy = toSalvoError(error);
      if (busy.kind !== "wrong-state") throw error;
    }
    await sleep(AGAIN_MS, { signal: deps.signal }).catch(() => {
      throw busy;
    });
  }
}

export async function apply(host: StorageHost, plan: Plan, { identities, signal }: ScenarioDeps): Promise<void> {
  await applyPlan(host, plan, { lab: identities, what: "run: storage", signal });
}
