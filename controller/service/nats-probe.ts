import { once } from "node:events";
import { connect, createServer } from "node:net";
import { sleep, unlessAborted } from "@salvo/shared/kernel/signal.ts";

const PROBE_EVERY_MS = 20;

/** Resolves when the NATS server of that name takes clients; another server's greeting does not count. */
export async function untilGreeted(host: string, port: number, name: string, signal: AbortSignal): Promise<void> {
  while ((await greeting(host, port, signal)) !== name) await sleep(PROBE_EVERY_MS, { signal });
}

/** A port that nobody listens on. Somebody else may be quicker to take it. */
export async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address === "object" && address) return address.port;
  throw new Error("bug: a listening TCP server has no port");
}

/** The name of whoever listens there. A NATS server speaks first: `INFO {"server_name":...}`. */
async function greeting(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  const socket = connect({ host, port }).setEncoding("utf8");
  const { promise: said, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("\n")) resolve(text);
  });
  socket.on("error", () => {}); // closes it, which is answer enough
  socket.on("close", () => resolve(""));
  try {
    return /^INFO .*"server_name":"([^"]+)"/.exec(await unlessAborted(said, signal))?.[1];
  } finally {
    socket.destroy();
  }
}
