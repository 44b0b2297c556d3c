import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";

/** Knows when a fio process did its first I/O, without asking fio's timing or Salvo's. */
export interface Witness {
  readonly name: string;
  /** What a first I/O may be off by, ns. */
  readonly resolutionNs: number;
  /** "monotonic": as systemClock.now(); "wall": ns since 1970. */
  readonly clock: "monotonic" | "wall";
  /** Makes a program that is fio, seen by the witness, and returns its path. `home` is a folder for each participant. */
  wrapFio(home: string): Promise<string>;
  /** What a job file needs that `fio --client` sends to the server of that home: lines to end it with. */
  jobLines(home: string): string;
  /** When the fio of that home did its first I/O since the last call. */
  takeFirstIo(home: string): Promise<bigint>;
}

/** The preloaded library where there is a C compiler, fio's own logs elsewhere. */
export async function openWitness(folder: string, fio: string): Promise<Witness> {
  const library = join(folder, "first-io.so");
  const source = fileURLToPath(new URL("first-io.c", import.meta.url));
  try {
    const { exitCode, stderr } = await run("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, source, "-ldl"], {
      timeoutMs: 60_000,
    });
    if (exitCode === 0) return preloadWitness(library, fio);
    throw new SalvoError("program-failed", `cc cannot make the witness: ${stderr}`);
  } catch (error) {
    if (toSalvoError(error).kind !== "not-found") throw error;
    return logWitness(fio);
  }
}

function preloadWitness(library: string, fio: string): Witness {
  const fileIn = (home: string) => join(home, "first-io");
  return {
    name: "a preloaded library that stamps the first io_submit of each fio",
    resolutionNs: 1_000,
    clock: "monotonic",
    wrapFio: (home) => script(home, `LD_PRELOAD=${library} SALVO_WITNESS=${fileIn(home)} exec ${fio} "$@"`),
    jobLines: () => "",
    async takeFirstIo(home) {
      const lines = await take(fileIn(home));
      return earliest(
        home,
        lines.map((line) => BigInt(line.split(" ")[0] ?? "")),
      );
    },
  };
}

/**
 * fio's own latency log holds, for each I/O, when it was complete, in whole ms of the wall clock, and how many ns it took.
 * The option is given through the command line: what stands there for `global` holds for all jobs of the file.
 */
function logWitness(fio: string): Witness {
  const logIn = (home: string) => join(home, "first");
  return {
    name: "fio's own latency logs (no C compiler here): whole ms only",
    resolutionNs: 1_000_000,
    clock: "wall",
    wrapFio: (home) =>
      script(
        home,
        `case "$*" in *.fio) set -- --name=global --write_lat_log=${logIn(home)} --log_unix_epoch=1 "$@";; esac`,
        `exec ${fio} "$@"`,
      ),
    jobLines: (home) => `write_lat_log=${logIn(home)}\nlog_unix_epoch=1\n`,
    async takeFirstIo(home) {
      // A client adds its server's name to the log's.
      const log = (await readdir(home)).find((name) => name.startsWith("first_lat.1.log"));
      const lines = await take(join(home, log ?? "first_lat.1.log"));
      return earliest(
        home,
        lines.map((line) => {
          const [completeMs = "", latencyNs = ""] = line.split(", ");
          return BigInt(completeMs) * 1_000_000n - BigInt(latencyNs);
        }),
      );
    },
  };
}

async function script(home: string, ...lines: string[]): Promise<string> {
  const path = join(home, "fio-seen");
  await writeFile(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  await chmod(path, 0o755);
  return path;
}

async function take(file: string): Promise<string[]> {
  const text = await readFile(file, "latin1");
  await rm(file);
  return text.split("\n").filter(Boolean);
}

function earliest(home: string, instants: readonly bigint[]): bigint {
  const [first, ...rest] = instants;
  if (first === undefined) throw new SalvoError("program-failed", `the witness saw no I/O of the fio in ${home}`);
  return rest.reduce((least, each) => (each < least ? each : least), first);
}
