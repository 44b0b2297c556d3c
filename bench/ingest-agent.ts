/**
 * An agent that has measured already: copies a finished journal to NATS by the agents' own code as soon as it gets SIGUSR2.
 * A real agent's journal grows by a few records a tick, so it could not show how fast its copying is.
 */
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { publishRun } from "@salvo/shared/agent/run/publish.ts";
import { openJournal } from "@salvo/shared/journal/writer.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";

const [path = "", url = "", lab = "", run = "", agent = ""] = process.argv.slice(2);
const journal = await openJournal(path);
await journal.end();
const bus = await connectBus({ url, name: `agent-${agent}` });
const log = createLogger({ name: agent, level: "warn" });
const deps = { bus: Promise.resolve(bus), lab, run, agent, journal, batches: true, log };
process.once("SIGUSR2", () => void publishRun(deps));
process.stdout.write(`{"ready":true}\n`);
