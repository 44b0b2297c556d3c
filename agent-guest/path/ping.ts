import type { PingResult } from "@salvo/shared/agent/path/tools.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { SEARCH_PATH } from "../provision/perform.ts";
import { type Ran, run } from "@salvo/shared/process/run.ts";
import { whyNot } from "./why-not.ts";

/** What ping adds to its payload: the heads of IP and ICMP. */
const HEAD_BYTES = { ipv4: 28, ipv6: 48 };
const APART_S = 0.2;
const WAIT_S = 2;

/** By ping(8) of iputils, with the don't-fragment bit; what it says is kept. */
export async function pingWhole(
  address: string,
  packetBytes: number,
  count: number,
  { signal }: Waiting,
): Promise<PingResult> {
  const payload = packetBytes - (address.includes(":") ? HEAD_BYTES.ipv6 : HEAD_BYTES.ipv4);
  const args = ["-n", "-M", "do", "-c", `${count}`, "-s", `${payload}`, "-i", `${APART_S}`, "-W", `${WAIT_S}`, address];
  const env = { ...process.env, PATH: SEARCH_PATH, LC_ALL: "C" };
  const timeoutMs = (count * APART_S + WAIT_S) * 1000 + 10_000;
  try {
    return parsePing(await run("ping", args, { env, timeoutMs, ...(signal && { signal }) }), count);
  } catch (error) {
    signal?.throwIfAborted();
    return { sent: 0, received: 0, rttMinMs: 0, ...whyNot(error) };
  }
}

/** "3 packets transmitted, 3 received, ..." and "rtt min/avg/max/mdev = 3.765/6.242/8.985/2.139 ms". */
export function parsePing({ stdout, stderr, exitCode }: Ran, sent: number): PingResult {
  const [, received] = /(\d+) received/.exec(stdout) ?? [];
  if (received === undefined) {
    // It counted nothing, and that is not the same as nothing.
    const problem = `ping exited with ${exitCode}: ${stderr.trim() || "no message"}`;
    return { sent: 0, received: 0, rttMinMs: 0, problem };
  }
  const [, min = "0"] = /^rtt [^=]*= ([\d.]+)\//m.exec(stdout) ?? [];
  const [said] = /^(ping: .*|From .*)$/m.exec(`${stderr}\n${stdout}`) ?? [];
  const problem = Number(received) === sent ? "" : (said ?? `${received} of ${sent} came back`);
  return { sent, received: Number(received), rttMinMs: Number(min), problem };
}
