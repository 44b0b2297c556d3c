/** A root shell in a guest, over a console of its own: no network is needed, and none has to work. */
import { once } from "node:events";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { shellLine } from "@salvo/shared/ssh/quote.ts";
import { type Answer, createAnswer } from "./answer.ts";
import type { GuestPlaces } from "./places.ts";

/** As telnet has it: Ctrl-]. */
const LEAVE = "\x1d";

/** One connection at a time: QEMU lets the next one in when it ends. Throws `unavailable` when the guest does not run. */
export async function openShell({ shell }: Pick<GuestPlaces, "shell">): Promise<Socket> {
  try {
    // A socket's path may have 107 bytes only, and folders of labs are where people want them.
    await using folder = await open(dirname(shell), constants.O_DIRECTORY | constants.O_RDONLY);
    const socket = connect(join("/proc/self/fd", String(folder.fd), basename(shell)));
    await once(socket, "connect");
    return socket;
  } catch (error) {
    throw new SalvoError("unavailable", `the guest's console cannot be reached: ${toSalvoError(error).message}`, {
      file: shell,
      remedy: "See whether it runs: salvo vlab status",
    });
  }
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

/** What the command printed, both of its outputs, and its exit code. The signal leaves it at work in the guest. */
export async function ask(
  socket: Socket,
  argv: readonly string[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Answer> {
  // No echo, and no carriage returns; both as they were afterwards, for people.
  const line = `stty -echo -onlcr; printf '\\002'; ${shellLine(argv)}; printf '\\003%d\\n' $?; stty echo onlcr\n`;
  const take = createAnswer();
  const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const whole = take(chunk);
    if (whole) resolve(whole);
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
