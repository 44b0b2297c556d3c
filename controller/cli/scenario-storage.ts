import { randomBytes } from "node:crypto";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import type { Channels } from "../service/channels.ts";
import { type ScenarioDeps, setUpStorage, takeDownStorage } from "../service/scenario-storage.ts";
import type { Session, StorageOfScenarios } from "./session.ts";

/** The storage of a study's scenarios on this lab, with what is done for it told as the session tells all else. */
export function storageOfScenarios({
  lab,
  identities,
  channels,
  session,
}: {
  readonly lab: Lab;
  readonly identities: AuditedLab;
  readonly channels: Channels;
  readonly session: Pick<Session, "say" | "stopped">;
}): StorageOfScenarios {
  const newTag = () => randomBytes(2).toString("hex");
  const deps: ScenarioDeps = { lab, identities, channels, newTag, say: session.say, signal: session.stopped };
  return {
    setUp: (spec) => setUpStorage(spec, deps),
    async takeDown({ scenario, storage }) {
      return storage === undefined || takeDownStorage(scenario, storage, deps);
    },
  };
}
