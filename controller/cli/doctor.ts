import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Nats } from "@salvo/proto/lab_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { parseFioVersion, requireFioVersion } from "@salvo/shared/fio/version.ts";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { openManager } from "@salvo/shared/bus/stream.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline } from "@salvo/shared/kernel/signal.ts";
import { answerOf } from "@salvo/shared/process/answer-of.ts";
import { openChannels } from "../service/channels.ts";
import { busTls } from "../service/nats-access.ts";
import { natsServerVersion } from "../service/nats-server.ts";
import { openDataFolder } from "../store/datafolder.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { examineAgent, type Finding } from "./doctor-agent.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { VERSION } from "./version.ts";

export interface DoctorCommand {
  readonly lab?: string;
  readonly data: string;
  readonly json?: boolean;
}

const MARK = { ok: "ok     ", note: "note   ", problem: "PROBLEM" } as const;
/** An open socket and a few files per agent, and room. */
const FILES_MIN = 4096;
const FREE_BYTES_MIN = 2 ** 30;
const NATS_MS = 5_000;

export async function diagnose({ lab, data, json = false }: DoctorCommand, io: Io): Promise<number> {
  const findings: Finding[] = [];
  for await (const finding of examine(lab, data)) {
    findings.push(finding);
    io.stdout.write(
      json ? `${JSON.stringify(finding)}\n` : `${MARK[finding.state]}  ${finding.check}: ${finding.text}\n`,
    );
  }
  return findings.some(({ state }) => state === "problem") ? EXIT.environment.code : EXIT.ok.code;
}

async function* examine(labFile: string | undefined, data: string): AsyncGenerator<Finding> {
  yield { check: "salvo", state: "ok", text: `${VERSION} on Node ${process.version}` };
  yield await attempt("fio", localFio);
  yield await attempt("nats-server", () => natsServerVersion());
  yield await dataFolder(data);
  yield await fileLimit();
  yield await clockSource();
  yield {
    check: "cores",
    state: availableParallelism() < 2 ? "note" : "ok",
    text: `${availableParallelism()}; an agent on this machine shares them with its controller`,
  };
  if (labFile === undefined) {
    yield { check: "agents", state: "note", text: "not looked at; name their lab with --lab" };
    return;
  }
  const { message: lab } = await loadLab(labFile);
  const { nats } = lab;
  const identities = await openLabOf(labFile, lab);
  if (nats) yield await attempt("nats of the lab", () => labNats(nats, identities));
  using channels = openChannels(identities);
  for (const planned of lab.agents) yield await examineAgent(channels, planned);
}

/** Throws when nobody answers there, or one without JetStream. */
async function labNats(nats: Nats, identities: LabFolder): Promise<string> {
  const { url } = nats;
  let reason = "nobody answered";
  using signal = deadline(NATS_MS, `reaching ${url}`);
  try {
    await using bus = await connectBus({
      url,
      name: "doctor",
      tls: await busTls(nats, identities),
      signal,
      onStatus: (status) => {
        if (status.type !== "connected") reason = status.reason ?? reason;
      },
    });
    await openManager(bus);
    return `${url} is nats-server ${bus.server?.version ?? "of an unknown version"} with JetStream`;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new SalvoError("unavailable", `${url} is not reachable: ${reason}`, {
      cause: error,
      remedy: "Start it, or correct nats.url in the lab file; without it runs are complete, but show no live figures",
    });
  }
}

async function attempt(check: string, examine: () => Promise<string>): Promise<Finding> {
  try {
    return { check, state: "ok", text: await examine() };
  } catch (error) {
    return { check, state: "problem", text: toSalvoError(error).describe() };
  }
}

async function localFio(): Promise<string> {
  const version = await answerOf("fio", ["--version"], { timeoutMs: 10_000 });
  requireFioVersion(parseFioVersion(version));
  return version;
}

async function dataFolder(data: string): Promise<Finding> {
  const check = "data folder";
  try {
    await using folder = await openDataFolder(data);
    const { bavail, bsize } = await statfs(folder.path);
    const free = bavail * bsize;
    const room = `${(free / 2 ** 30).toFixed(1)} GiB free in ${folder.path}`;
    if (free >= FREE_BYTES_MIN) return { check, state: "ok", text: room };
    return { check, state: "problem", text: `${room}: make room, a run that fills the disk is lost` };
  } catch (error) {
    return { check, state: "problem", text: toSalvoError(error).describe() };
  }
}

async function fileLimit(): Promise<Finding> {
  const limits = await readFile("/proc/self/limits", "latin1");
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
  if (soft >= FILES_MIN) return { check: "open files", state: "ok", text: `${soft}` };
  return {
    check: "open files",
    state: "note",
    text: `only ${soft}; for more than a hundred agents type: ulimit -n ${FILES_MIN}`,
  };
}

async function clockSource(): Promise<Finding> {
  const path = join("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  const source = (await readFile(path, "latin1").catch(() => "unknown")).trim();
  const slow = source === "hpet" || source === "acpi_pm";
  return {
    check: "clock source",
    state: slow ? "note" : "ok",
    text: slow ? `${source} is slow to read; boot with tsc or the hypervisor's own clock` : source,
  };
}
