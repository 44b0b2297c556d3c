/** The study files of a folder, as the page offers them. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { outlookOf } from "../domain/study-outlook.ts";
import { type PlannedFile, planStudyFile } from "../service/study/plan.ts";
import type { StudyFile } from "./state.ts";

const STUDY_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$/;

/** In the order of their names. What is no study of this lab says why. */
export async function listStudies(folder: string, lab: Lab): Promise<StudyFile[]> {
  const names = (await readdir(folder)).filter((name) => STUDY_FILE.test(name)).sort();
  return Promise.all(names.map((file) => studyFile(folder, file, lab)));
}

async function studyFile(folder: string, file: string, lab: Lab): Promise<StudyFile> {
  try {
    const { specs, description } = await planFile(folder, file, lab);
    const { runs, expectedMs } = outlookOf(specs);
    return { file, description, runs, seconds: Math.round(expectedMs / 1000) };
  } catch (error) {
    const known = toSalvoError(error);
    if (known.kind === "internal") throw error;
    return { file, description: "", runs: 0, seconds: 0, problem: known.describe() };
  }
}

/** Throws `not-found` for a name that the folder does not offer, and as planStudyFile. */
export async function planFile(folder: string, file: string, lab: Lab): Promise<PlannedFile> {
  if (!STUDY_FILE.test(file))
    throw new SalvoError("not-found", `${JSON.stringify(file)} is no file of the folder of studies`, { file: folder });
  return planStudyFile(join(folder, file), { lab, now: new Date() });
}
