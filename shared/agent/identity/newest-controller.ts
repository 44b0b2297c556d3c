/** A controller's certificate that was replaced is worth nothing any more, from the first call of the new one on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFileSync } from "../../files/durable.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";

const FILE = "controller-generation";

/**
 * Throws `refused` for a certificate that is of an earlier generation than the newest seen. Only the lab's CA can make a
 * later one, so a thief of the controller's certificate cannot move the bar; the bar outlives restarts of the agent. Each
 * CA, by the pin of its key, has a bar of its own: a host may move to a lab that is older.
 */
export function newestController(folder: string, pin: string): (generation: number) => void {
  const file = join(folder, `${FILE}-${pin}`);
  let newest = readBar(file);
  return (generation) => {
    if (generation < newest)
      throw new SalvoError("refused", "this certificate of the controller was replaced by a newer one", {
        remedy: "Use the lab's folder as it is now; salvo controller renew has made another certificate there",
      });
    if (generation === newest) return;
    // Seldom: once for each generation. Before it is served, so that no crash forgets it.
    replaceFileSync(file, `${generation}\n`);
    newest = generation;
  };
}

function readBar(file: string): number {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const known = toSalvoError(error, { file });
    if (known.kind === "not-found") return 0; // nobody has called yet
    throw known;
  }
  if (/^\d{1,15}\n$/.test(text)) return Number(text);
  throw new SalvoError("corrupt", "this does not say which is the newest certificate of the controller", {
    file,
    remedy: "Join the lab again",
  });
}
