/** Tests of an RDMA channel by the programs that everybody has for it: rping of librdmacm, ib_write_bw of perftest. */
import { randomInt } from "node:crypto";
import { ChannelTest } from "@salvo/proto/path_pb.ts";
import type { Measured, Served, ServedAt } from "@salvo/shared/agent/path/tools.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { said } from "@salvo/shared/process/answer-of.ts";
import { run } from "@salvo/shared/process/run.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import { SEARCH_PATH } from "../provision/perform.ts";
import { whyNot } from "./why-not.ts";

const ENV = { ...process.env, PATH: SEARCH_PATH, LC_ALL: "C" };
const PINGS = "10";
const BANDWIDTH_S = "2";
/** A client that never comes ends the serving. */
const SERVE_MS = 60_000;
const LISTEN_MS = 10_000;
const LOOK_MS = 50;
/** RDMA has ports of its own, beside those of TCP. */
const PORTS = [20_000, 30_000] as const;

interface Tool {
  readonly program: string;
  readonly server: (address: string, port: number) => string[];
  readonly client: (at: ServedAt) => string[];
}

const TOOLS: Readonly<Partial<Record<ChannelTest, Tool>>> = {
  [ChannelTest.RPING]: {
    program: "rping",
    server: (address, port) => ["-s", "-a", address, "-p", `${port}`, "-C", PINGS],
    // -V compares what comes back.
    client: ({ address, port, from }) => ["-c", "-a", address, "-I", from, "-p", `${port}`, "-C", PINGS, "-V"],
  },
  [ChannelTest.WRITE_BANDWIDTH]: {
    program: "ib_write_bw",
    // -R: the way and the device are found by the address; -F: whatever the CPU's frequency does.
    server: (_, port) => ["-R", "-F", "-p", `${port}`, "-D", BANDWIDTH_S],
    client: ({ address, port }) => ["-R", "-F", "-p", `${port}`, "-D", BANDWIDTH_S, address],
  },
};

/** Says that it serves once the kernel tells that somebody listens: rdma-resource(8). */
export async function* serveChannel(test: ChannelTest, address: string, { signal }: Waiting): AsyncGenerator<Served> {
  const { program, server } = toolFor(test);
  const port = randomInt(...PORTS);
  using within = deadline(SERVE_MS, `serving ${program}`, ...(signal ? [signal] : []));
  try {
    await using child = await startProcess(program, server(address, port), {
      env: ENV,
      stdout: "ignore",
      signal: within,
    });
    const ended = child.exited.then(({ stderr }) => stderr.trim() || "it ended before anybody came");
    const problem = await Promise.race([ended, listens(child.pid, within).then(() => "")]);
    yield { problem, port };
    if (problem === "") await child.exited;
  } catch (error) {
    yield { ...whyNot(error), port: 0 };
  }
}

async function listens(pid: number, signal: AbortSignal): Promise<void> {
  using within = deadline(LISTEN_MS, "waiting for a listener", signal);
  for (;;) {
    const { stdout, ...end } = await run("rdma", ["-j", "resource", "show", "cm_id"], { env: ENV, signal: within });
    if (end.exitCode !== 0) throw new SalvoError("program-failed", `rdma resource show cm_id failed (${said(end)})`);
    const listening = parseListeners(stdout).includes(pid);
    await sleep(LOOK_MS, { signal: within }); // the kernel says so just before it does (rdma_listen, drivers/infiniband/core/cma.c)
    if (listening) return;
  }
}

/** The processes that listen. Nothing at all is printed when there are none. */
export function parseListeners(text: string): number[] {
  if (text.trim() === "") return [];
  const entries: { readonly state?: string; readonly pid?: number }[] = JSON.parse(text);
  return entries.flatMap(({ state, pid }) => (state === "LISTEN" && pid !== undefined ? [pid] : []));
}

export async function measureChannel(test: ChannelTest, at: ServedAt, { signal }: Waiting): Promise<Measured> {
  const { program, client } = toolFor(test);
  try {
    const options = { env: ENV, timeoutMs: SERVE_MS, ...(signal && { signal }) };
    const { stdout, stderr, exitCode } = await run(program, client(at), options);
    const said = stderr.trim().split("\n").at(-1) || stdout.trim().split("\n").at(-1) || "no message";
    if (exitCode !== 0) return { problem: `${program} exited with ${exitCode}: ${said}`, mibPerSec: 0 };
    if (test !== ChannelTest.WRITE_BANDWIDTH) return { problem: "", mibPerSec: 0 };
    const mibPerSec = parseBandwidth(stdout);
    return mibPerSec === undefined
      ? { problem: `${program} told no bandwidth`, mibPerSec: 0 }
      : { problem: "", mibPerSec };
  } catch (error) {
    signal?.throwIfAborted();
    return { ...whyNot(error), mibPerSec: 0 };
  }
}

/** The row of "#bytes #iterations BW peak[MB/sec] BW average[MB/sec] MsgRate": perftest's MB are of 2^20 bytes. */
export function parseBandwidth(text: string): number | undefined {
  const [, average] = /^\s*\d+\s+\d+\s+[\d.]+\s+([\d.]+)\s+[\d.]+\s*$/m.exec(text) ?? [];
  return average === undefined ? undefined : Number(average);
}

function toolFor(test: ChannelTest): Tool {
  const tool = TOOLS[test];
  if (tool) return tool;
  throw new SalvoError("invalid-input", `there is no test ${test} of a channel`);
}
