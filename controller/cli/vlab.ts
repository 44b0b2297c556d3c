import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { didYouMean } from "@salvo/shared/config/nearest.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { mayBeVlab, takeDown } from "@salvo/testbed/vlab/down.ts";
import { holdVlab } from "@salvo/testbed/vlab/hold.ts";
import { guestPlaces } from "@salvo/testbed/vlab/places.ts";
import { GUESTS_MAX } from "@salvo/testbed/vlab/plan.ts";
import { ask, converse, openShell } from "@salvo/testbed/vlab/shell.ts";
import { lookAt } from "@salvo/testbed/vlab/status.ts";
import { bringUp } from "@salvo/testbed/vlab/up.ts";
import { openChannels } from "../service/channels.ts";
import { serveEnrolment } from "../service/enrolment.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { cliLogger } from "./logger.ts";
import { textTable } from "./table.ts";

export interface UpCommand {
  readonly dir: string;
  readonly guests: number;
  readonly memory: number;
  readonly disk: number;
  readonly hypervisor?: "kvm";
}

export async function upVlab({ dir, guests, memory, disk, hypervisor }: UpCommand, io: Io): Promise<number> {
  if (guests > GUESTS_MAX)
    throw new SalvoError("invalid-input", `${guests} guests are too many for one host`, {
      remedy: `At most ${GUESTS_MAX}; each takes ${memory} MiB of memory`,
    });
  using stop = io.stop();
  const beganMs = performance.now();
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const folder = resolve(dir);
  await bringUp({
    folder,
    guests,
    memoryMib: memory,
    diskMib: disk,
    hypervisor: hypervisor === "kvm",
    say,
    signal: stop.signal,
    serveEnrolment: (lab, address) => serveEnrolment({ lab, address, log: cliLogger(), onJoined: () => {} }),
    openCalls: openChannels,
  });
  say(`ready after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
  const file = join(folder, "lab.yaml");
  io.stdout.write(
    [
      `salvo agents --lab ${file}`,
      `salvo run ${join(folder, "study.yaml")} --lab ${file} --data ${join(folder, "data")}`,
      `salvo vlab down --dir ${folder}`,
      "",
    ].join("\n"),
  );
  return EXIT.ok.code;
}

export interface StatusCommand {
  readonly dir: string;
  readonly json?: boolean;
}

/** Exits as when something is missing unless all guests run. */
export async function showVlab({ dir, json = false }: StatusCommand, io: Io): Promise<number> {
  const { state, guests } = await lookAt(real(dir));
  const { plan, accelerator, phase } = state;
  if (json) {
    const { lab, namespace, link, host } = plan;
    io.stdout.write(`${JSON.stringify({ lab, phase, accelerator, namespace, link, host, guests })}\n`);
  } else {
    io.stdout.write(
      textTable(
        ["guest", "state", "roles", "management", "data", "clock", "console"],
        guests.map(({ id, runs, pid, roles, management, data, clockSeconds, console }) => [
          id,
          runs ? `runs, pid ${pid}` : "has ended",
          roles.join(", "),
          management,
          data,
          `${clockSeconds > 0 ? "+" : ""}${clockSeconds} s`,
          console,
        ]),
      ),
    );
  }
  const well = phase === "ready" && guests.every(({ runs }) => runs);
  if (phase !== "ready") io.stderr.write("it is being brought up, or `salvo vlab up` was killed\n");
  return well ? EXIT.ok.code : EXIT.environment.code;
}

export interface ShellCommand {
  readonly dir: string;
  readonly guest: string;
  /** Without one a person types. */
  readonly command: readonly string[];
}

/** With a command the exit code is the command's. */
export async function shellInto({ dir, guest, command }: ShellCommand, io: Io): Promise<number> {
  const folder = real(dir);
  const { guests } = await lookAt(folder);
  const known = guests.map(({ id }) => id);
  if (!known.includes(guest))
    throw new SalvoError("not-found", `the lab has no guest ${guest}${didYouMean(guest, known)}`, { file: folder });
  // What a guest prints is for whoever typed the command, as with ssh: escapes are a part of it.
  const print = (text: string) => (io.stdout.pass ? io.stdout.pass(text) : io.stdout.write(text));
  const socket = await openShell(guestPlaces(folder, guest));
  if (command.length > 0) {
    const { output, exitCode } = await ask(socket, command);
    print(output);
    return exitCode;
  }
  if (process.stdin.isTTY) io.stderr.write(`a shell in ${guest}; Ctrl-] leaves it\n`);
  await converse(socket, { input: process.stdin, write: print });
  return EXIT.ok.code;
}

export async function downVlab({ dir }: { readonly dir: string }, io: Io): Promise<number> {
  const folder = real(dir);
  const found = mayBeVlab(folder) && (await heldDown(folder));
  io.stderr.write(found ? "the virtual lab is down; its files are still there\n" : "no virtual lab was up here\n");
  return EXIT.ok.code;
}

async function heldDown(folder: string): Promise<boolean> {
  await using _ = await holdVlab(folder);
  return await takeDown(folder);
}

const GONE = "Check --dir. If a lab was up in a folder that was removed, make it again, empty, and type this once more";

/** The names of what a lab is made of come from its folder's path without links. Throws `not-found`. */
function real(dir: string): string {
  try {
    return realpathSync(dir);
  } catch (cause) {
    throw new SalvoError("not-found", "there is no such folder", { file: resolve(dir), cause, remedy: GONE });
  }
}
