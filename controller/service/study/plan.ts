import { randomBytes, randomInt } from "node:crypto";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { loadStudy } from "@salvo/shared/config/files.ts";
import { type Cell, type Plan, planRuns } from "../../domain/matrix.ts";
import { type DevicePlaceOf, devicePlaces } from "../../domain/study-places.ts";

export interface StudyPlan extends Omit<Plan, "newRunId"> {
  /** Of every run, in its manifest and report. */
  readonly notes?: readonly string[];
  /** The study file as it was written. It names CHAP secrets, and contains none. */
  readonly text?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Part of every run's id. */
  readonly now: Date;
}

/** All runs of a study, with ids that are new. Throws as planRuns; nothing is asked of anybody. */
export function planStudy({ notes = [], text = "", tags = {}, now, ...plan }: StudyPlan): RunSpec[] {
  const specs = planRuns({ seed: randomInt(1, 2 ** 31), ...plan, newRunId: runIds(now) });
  for (const spec of specs) {
    spec.notes.push(...notes);
    Object.assign(spec, { studyText: text, tags: { ...tags } });
  }
  return specs;
}

export interface PlannedFile {
  readonly specs: RunSpec[];
  /** Where the file names a device, for messages. */
  readonly placeOf: DevicePlaceOf;
  readonly description: string;
}

/** As planStudy, for a study file. Throws as loadStudy, too. */
export async function planStudyFile(
  file: string,
  choice: Omit<StudyPlan, "study" | "refuse" | "text">,
): Promise<PlannedFile> {
  const study = await loadStudy(file);
  const { message, text } = study;
  const specs = planStudy({ ...choice, study: message, text, refuse: (violations) => study.refuse(violations) });
  return { specs, placeOf: devicePlaces(study), description: message.description };
}

/** 20261122-2015-001-4k-randread-x7k2: when, which of this study's runs, what, and a part that makes it unique. */
function runIds(now: Date): (cell: Pick<Cell, "workload">) => string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 13);
  const unique = randomBytes(4).toString("hex").slice(0, 4);
  let count = 0;
  return ({ workload }) => `${stamp}-${String(++count).padStart(3, "0")}-${workload.name.slice(0, 32)}-${unique}`;
}
