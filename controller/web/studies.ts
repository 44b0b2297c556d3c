/** The study files of a folder, as the page offers them. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { fioRuntimeMs } from "@salvo/shared/agent/domain/run-plan.ts";
import { loadStudy } from "@salvo/shared/config/files.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type DevicePlaceOf, devicePlaces } from "../domain/study-places.ts";
import { planStudy } from "../service/study/plan.ts";
import type { StudyFile } from "./state.ts";

const STUDY_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$/;

export interface PlannedStudy {
  readonly specs: RunSpec[];
  readonly placeOf: DevicePlaceOf;
}

/** In the order of their names. What is no study of this lab says why. */
export async function listStudies(folder: string, lab: Lab): Promise<StudyFile[]> {
  const names = (await readdir(folder)).filter((name) => STUDY_FILE.test(name)).sort();
  return Promise.all(names.map((file) => studyFile(folder, file, lab)));
}

async function studyFile(folder: string, file: string, lab: Lab): Promise<StudyFile> {
  try {
    const { message } = await loadStudy(join(folder, file));
    const { description } = message;
    try {
      const { specs } = await planFile(folder, file, lab);
      const ms = specs.reduce((sum, { workload }) => sum + (workload ? fioRuntimeMs(workload) : 0), 0);
      return { file, description, runs: specs.length, seconds: Math.round(ms / 1000) };
    } catch (error) {
      return { file, description, runs: 0, seconds: 0, problem: problemOf(error) };
    }
  } catch (error) {
    return { file, description: "", runs: 0, seconds: 0, problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  const known = toSalvoError(error);
  if (known.kind === "internal") throw error;
  return known.describe();
}

/** Throws `not-found` for a name that the folder does not offer, and as loadStudy and planStudy. */
export async function planFile(folder: string, file: string, lab: Lab): Promise<PlannedStudy> {
  if (!STUDY_FILE.test(file))
    throw new SalvoError("not-found", `${JSON.stringify(file)} is no file of the folder of studies`, { file: folder });
  const study = await loadStudy(join(folder, file));
  const refuse: Parameters<typeof planStudy>[0]["refuse"] = (violations) => study.refuse(violations);
  const specs = planStudy({ study: study.message, lab, refuse, text: study.text, now: new Date() });
  return { specs, placeOf: devicePlaces(study) };
}
