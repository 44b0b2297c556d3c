/** The storage of a study's scenarios: made before a group of runs, gone after it, and what earlier studies have left of it. */
import { randomBytes } from "node:crypto";
import { clone } from "@bufbuild/protobuf";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { openStorageRecords } from "../../store/storage-under-way.ts";
import type { Channels } from "../channels.ts";
import { setUpStorage } from "../scenario-storage.ts";
import { type ScenarioDeps, takeDownLeft } from "../storage-takedown.ts";
import type { StudyDeps } from "./deps.ts";

export interface StudyStorage {
  /**
   * Acts with the runs of one scenario on its storage, which they then have in their specs; at once where there is none to be
   * made. Does not act where it cannot be made: that is an event.
   */
  around(group: readonly RunSpec[], act: (group: readonly RunSpec[]) => Promise<void>): Promise<void>;
  /** True when an earlier study had left some. */
  takeDownLeft(): Promise<boolean>;
  /** Something could not be made, or something stays that should be gone. */
  readonly leftBehind: boolean;
}

export function studyStorage({ dataDir, lab, identities, emit, signal }: StudyDeps, channels: Channels): StudyStorage {
  const deps: ScenarioDeps = {
    lab,
    identities,
    channels,
    records: openStorageRecords(dataDir),
    newTag: () => randomBytes(2).toString("hex"),
    say: (text) => emit({ type: "storage-step", text }),
    signal,
  };
  let leftBehind = false;

  return {
    get leftBehind() {
      return leftBehind;
    },
    async around(group, act) {
      const [first] = group;
      if (!first?.storage) return act(group);
      const made = await setUpStorage(first, deps).catch((error: unknown) => {
        const problem = toSalvoError(error);
        if (problem.kind === "internal") throw error;
        leftBehind = true;
        emit({ type: "storage-not-made", scenario: first.scenario, problem });
      });
      if (!made) return;
      try {
        await act(group.map((spec) => Object.assign(clone(RunSpecSchema, spec), { storage: made.storage })));
      } finally {
        if (!(await made.takeDown())) leftBehind = true;
      }
    },
    async takeDownLeft() {
      try {
        const { found, all } = await takeDownLeft(deps);
        if (!all) leftBehind = true;
        return found;
      } catch (error) {
        const problem = toSalvoError(error);
        if (problem.kind === "internal") throw error;
        leftBehind = true;
        emit({ type: "storage-unknown", problem });
        return true;
      }
    },
  };
}
