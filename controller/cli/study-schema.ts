import { StudySchema } from "@salvo/proto/study_pb.ts";
import { jsonSchemaOf } from "@salvo/shared/config/json-schema.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";

export async function printStudySchema(io: Io): Promise<number> {
  io.stdout.write(`${JSON.stringify(jsonSchemaOf(StudySchema, "A study of Salvo"), null, 2)}\n`);
  return EXIT.ok.code;
}
