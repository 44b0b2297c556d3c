import { create } from "@bufbuild/protobuf";
import { type Fio, type FioLimits, FioSchema } from "@salvo/proto/agent_pb.ts";
import { stat } from "node:fs/promises";
import { parseFioVersion } from "../../fio/version.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import { findProgram } from "../../process/find.ts";
import { answerOf } from "../../process/answer-of.ts";

/**
 * Tells of a fio as it is now: another one may have been installed meanwhile. The program itself is only run again when its
 * file is another: describing an agent should cost its host nothing. `readLimits` tells what the host lets fio have now.
 */
export function fioTeller(path: string, readLimits: () => FioLimits | undefined): () => Promise<Fio> {
  let known: { readonly file: string; readonly version: string } | undefined;
  return async () => {
    try {
      const file = await fileOf(path);
      if (known?.file !== file) {
        const version = await answerOf(path, ["--version"], { timeoutMs: 10_000 });
        parseFioVersion(version); // throws when it is no fio
        known = { file, version };
      }
      const limits = readLimits();
      return create(FioSchema, { path, version: known.version, ...(limits && { limits }) });
    } catch (error) {
      const { kind, message, remedy } = toSalvoError(error);
      if (kind === "internal") throw error;
      return create(FioSchema, {
        path,
        problem: new SalvoError(kind, message, {
          remedy: remedy ?? "Install fio 3.30 or newer, or set fio: in the agent's file.",
        }).describe(),
      });
    }
  };
}

/** Which file that is, and of when. */
async function fileOf(path: string): Promise<string> {
  const program = await findProgram(path, process.env["PATH"] ?? "");
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(program, { bigint: true });
  return [program, dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
