/**
 * Speaks to a running QEMU by its own protocol, QMP (docs/interop/qmp-spec.rst of QEMU 7.2): lines of JSON over a Unix socket. The
 * socket takes one client at a time, so a connection lasts for one look or one deed.
 */
import { once } from "node:events";
import { constants, open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, unlessAborted, type Waiting } from "@salvo/shared/kernel/signal.ts";

export interface Qmp {
  /** Gives what QEMU returns. Throws `program-failed` with what QEMU answers instead. */
  execute(command: string, args?: Arguments): Promise<unknown>;
  /** Resolves when QEMU tells the event about the device, also when it has told it since the connection was made. */
  untilEvent(event: string, device: string): Promise<void>;
}

export type Arguments = Readonly<Record<string, unknown>>;

const ANSWER_MS = 20_000;
const CHARS_MAX = 4 * 2 ** 20;

/** Throws `not-found` where no QEMU listens: its virtual machine does not run. */
export async function withQmp<T>(file: string, act: (qmp: Qmp) => Promise<T>, { signal }: Waiting = {}): Promise<T> {
  using within = deadline(ANSWER_MS, `QEMU's answer at ${file}, which only one program may use at a time,`, signal);
  const socket = await connectTo(file);
  try {
    const qmp = conversation(socket, file, within);
    await qmp.execute("qmp_capabilities");
    return await act(qmp);
  } finally {
    socket.destroy();
  }
}

async function connectTo(file: string): Promise<Socket> {
  try {
    // A socket's path may have 107 bytes only.
    await using folder = await open(dirname(file), constants.O_DIRECTORY | constants.O_RDONLY);
    const socket = connect(join("/proc/self/fd", String(folder.fd), basename(file)));
    await once(socket, "connect");
    return socket;
  } catch (cause) {
    const code = errnoOf(cause);
    const isGone = code === "ENOENT" || code === "ECONNREFUSED";
    throw new SalvoError(isGone ? "not-found" : "unavailable", "no QEMU listens here", { file, cause });
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function conversation(socket: Socket, file: string, signal: AbortSignal): Qmp {
  const greeting = Promise.withResolvers<unknown>();
  const pending = new Map<number, Pending>();
  const told: string[] = [];
  let heard = Promise.withResolvers<void>();
  let count = 0;

  const fail = (error: SalvoError) => {
    for (const each of [greeting, heard, ...pending.values()]) each.reject(error);
    pending.clear();
  };
  for (const each of [greeting.promise, heard.promise]) each.catch(() => {}); // whoever waits for it is told
  let chars = 0;
  socket.on("data", (chunk: Buffer) => {
    chars += chunk.length;
    if (chars > CHARS_MAX) socket.destroy(new Error("it said too much"));
  });
  socket.on("error", (cause) => fail(new SalvoError("unavailable", `QEMU: ${cause.message}`, { file, cause })));
  socket.on("close", () => fail(new SalvoError("unavailable", "QEMU has ended the conversation", { file })));
  createInterface({ input: socket }).on("line", (line) => {
    const said = parse(line);
    if (!said) return fail(new SalvoError("program-failed", "this is not QMP", { file }));
    if ("QMP" in said) return greeting.resolve(said);
    if (typeof said["event"] === "string") {
      told.push(eventKey(said["event"], fieldsOf(said["data"])["device"]));
      heard.resolve();
      heard = Promise.withResolvers();
      heard.promise.catch(() => {});
      return;
    }
    const asked = pending.get(Number(said["id"]));
    pending.delete(Number(said["id"]));
    if ("return" in said) asked?.resolve(said["return"]);
    else asked?.reject(new SalvoError("program-failed", `QEMU answers: ${String(fieldsOf(said["error"])["desc"])}`));
  });

  return {
    async execute(command, args = {}) {
      await unlessAborted(greeting.promise, signal);
      const id = ++count;
      const answer = Promise.withResolvers<unknown>();
      pending.set(id, answer);
      socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
      return unlessAborted(answer.promise, signal);
    },
    async untilEvent(event, device) {
      while (!told.includes(eventKey(event, device))) await unlessAborted(heard.promise, signal);
    },
  };
}

const eventKey = (event: string, device: unknown) => JSON.stringify([event, device ?? ""]);

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Of an object; none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
