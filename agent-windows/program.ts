/** Composition only: what an agent does is in shared/agent, what is Windows about it is beside this file. */
import { agentProgram, runProgram } from "@salvo/shared/agent/program.ts";
import manifest from "./package.json" with { type: "json" };
import { windowsPlatform } from "./platform.ts";

await runProgram(
  agentProgram({
    name: "salvo-agent-windows",
    description:
      "Tells the controller of its lab about this host and its clock, and observes runs. It does not run fio yet.",
    version: manifest.version,
    platform: windowsPlatform,
  }),
);
