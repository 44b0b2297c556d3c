/**
 * What an agent does at its first run, which an agent for Windows does not get to yet: it connects to NATS with its own
 * certificate, and says that it is there. Arguments: the identity's folder, the agent, the server's URL.
 */
import "@salvo/agent-windows/disposable-stack.ts";
import { keepBus } from "@salvo/shared/agent/bus-keeper.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";

const [folder = "", agent = "", url = ""] = process.argv.slice(2);
const identity = await openIdentity(folder, agent, Date.now());
await keepBus({
  agent,
  version: process.version,
  clock: systemClock,
  log: createLogger({ name: "presence" }),
  tls: () => natsTls(identity.lab, identity.current),
  activity: () => ({ run: "", phase: process.platform }),
}).use({ url, lab: identity.lab });
