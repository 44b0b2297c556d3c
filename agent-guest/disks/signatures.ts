import type { Fact, Signature } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";

/** All that libblkid knows, at both ends of the disk. wipefs without --all only lists, --no-act makes sure of it. */
export async function findSignatures(path: string, waiting: Waiting = {}): Promise<Fact<readonly Signature[]>> {
  try {
    const { stdout, stderr, exitCode } = await run("wipefs", ["--no-act", "--json", path], {
      ...(waiting.signal && { signal: waiting.signal }),
    });
    if (exitCode !== 0) return { unknown: `wipefs exited with ${exitCode}: ${stderr.trim()}` };
    return { value: parseSignatures(stdout) };
  } catch (error) {
    waiting.signal?.throwIfAborted();
    return { unknown: toSalvoError(error).message };
  }
}

/** Prints nothing at all when there are none. Throws for whatever is not understood. */
export function parseSignatures(text: string): Signature[] {
  if (text.trim() === "") return [];
  const { signatures }: { signatures?: unknown } = JSON.parse(text);
  if (!Array.isArray(signatures)) throw new Error(`wipefs printed an unknown form: ${text.slice(0, 120)}`);
  return signatures.map(({ type, offset }: { type?: unknown; offset?: unknown }) => {
    if (typeof type !== "string" || typeof offset !== "string")
      throw new Error(`wipefs printed an unknown form: ${text.slice(0, 120)}`);
    return { type, offset: BigInt(offset) };
  });
}
