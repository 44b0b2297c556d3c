import type { ClientChannel } from "ssh2";
import { SalvoError } from "../kernel/error.ts";

export interface SshRan {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RanOptions {
  readonly stdin: string | undefined;
  readonly outputBytesMax: number;
  readonly name: string;
  /** What messages call the command. */
  readonly shownAs: string;
}

/** Must be called before anything of the command can have come. Throws as `run` of a connection does. */
export function ranOn(channel: ClientChannel, { stdin, outputBytesMax, name, shownAs }: RanOptions): Promise<SshRan> {
  const { promise, resolve, reject } = Promise.withResolvers<SshRan>();
  const said: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  let bytes = 0;
  let exitCode: number | undefined;
  let killedBy = "";
  for (const [stream, chunks] of [
    [channel, said.stdout],
    [channel.stderr, said.stderr],
  ] as const)
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= outputBytesMax) chunks.push(chunk);
      else
        reject(
          new SalvoError("out-of-resources", `${shownAs} printed more than ${outputBytesMax} bytes`, { host: name }),
        );
    });
  channel.once("exit", (code: number | null, signal?: string) => {
    exitCode = code ?? undefined;
    killedBy = signal ?? "";
  });
  channel.once("close", () => {
    if (exitCode === undefined)
      return reject(
        new SalvoError(
          "program-failed",
          `${shownAs} was ended ${killedBy ? `by SIG${killedBy}` : "without an exit code"}`,
          { host: name },
        ),
      );
    resolve({ stdout: Buffer.concat(said.stdout).toString(), stderr: Buffer.concat(said.stderr).toString(), exitCode });
  });
  channel.on("error", reject);
  channel.end(stdin ?? "");
  promise.catch(() => {}); // nobody may be waiting any more
  return promise;
}
