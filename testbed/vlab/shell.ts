/** A root shell in a guest, over a console of its own: no network is needed, and none has to work. */
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { shellLine } from "@salvo/shared/ssh/quote.ts";
import type { GuestPlaces } from "./places.ts";

/** As telnet has it: Ctrl-]. */
const LEAVE = "\x1d";

/** One connection at a time: QEMU lets the next one in when it ends. Throws `unavailable` when the guest does not run. */
export async function openShell({ shell }: Pick<GuestPlaces, "shell">): Promise<Socket> {
  // A socket's path may have 107 bytes only, and folders of labs are where people want them.
  process.chdir(dirname(shell));
  const socket = connect(shell.slice(dirname(shell).length + 1));
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error) =>
      reject(
        new SalvoError("unavailable", `the guest's console cannot be reached: ${toSalvoError(error).message}`, {
          file: shell,
          remedy: "See whether it runs: salvo vlab status",
        }),
      ),
    );
  });
}

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly write: (text: string) => unknown;
}

/** Until the person leaves, or the input ends, or the guest. */
export async function converse(socket: Socket, { input, write }: Terminal): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  socket.setEncoding("utf8").on("data", write).on("close", resolve);
  const raw = (mode: boolean) => void (input.isTTY && input.setRawMode(mode));
  const onInput = (text: string) => (text.includes(LEAVE) ? resolve() : void socket.write(text));
  raw(true);
  input.setEncoding("utf8").on("data", onInput).on("end", resolve);
  socket.write("\n"); // for a prompt
  await over;
  input.off("data", onInput).pause();
  raw(false);
  socket.destroy();
}

/** What no terminal echoes as it was typed: these stand for themselves only when printf has made them. */
const [BEGIN, END] = ["\x02", "\x03"];

/** What the command printed, both of its outputs, and its exit code. The signal leaves it at work in the guest. */
export async function ask(
  socket: Socket,
  argv: readonly string[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly output: string; readonly exitCode: number }> {
  // No echo, and no carriage returns; both as they were afterwards, for people.
  const line = `stty -echo -onlcr; printf '\\002'; ${shellLine(argv)}; printf '\\003%d\\n' $?; stty echo onlcr\n`;
  let text = "";
  const { promise: answer, resolve, reject } = Promise.withResolvers<{ output: string; exitCode: number }>();
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const [, output, code] = new RegExp(`${BEGIN}([^]*)${END}(\\d+)\\n`).exec(text) ?? [];
    if (output !== undefined) resolve({ output, exitCode: Number(code) });
  });
  socket.once("close", () => reject(new SalvoError("unavailable", "the guest ended before it answered")));
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.write(line);
  try {
    return await answer;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}
