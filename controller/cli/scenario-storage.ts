import { randomBytes } from "node:crypto";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import type { Channels } from "../service/channels.ts";
import { setUpStorage } from "../service/scenario-storage.ts";
import { type ScenarioDeps, takeDownLeft } from "../service/storage-takedown.ts";
import { openStorageRecords } from "../store/storage-under-way.ts";
import type { Session, StorageOfScenarios } from "./session.ts";

/** The storage of a study's scenarios on this lab, with what is done for it told as the session tells all else. */
export function storageOfScenarios({
  dataDir,
  lab,
  identities,
  channels,
  session,
}: {
  /** The controller's. */
  readonly dataDir: string;
  readonly lab: Lab;
  readonly identities: AuditedLab;
  readonly channels: Channels;
  readonly session: Pick<Session, "say" | "stopped">;
}): StorageOfScenarios {
  const newTag = () => randomBytes(2).toString("hex");
  const records = openStorageRecords(dataDir);
  const deps: ScenarioDeps = { lab, identities, channels, records, newTag, say: session.say, signal: session.stopped };
  return { setUp: (spec) => setUpStorage(spec, deps), takeDownLeft: () => takeDownLeft(deps) };
}
