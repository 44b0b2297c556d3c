/** Composition only: what an agent does is in shared/agent, what is ESXi about it is beside this file. */
import { agentProgram, runProgram } from "@salvo/shared/agent/program.ts";
import manifest from "./package.json" with { type: "json" };
import { esxiPlatform } from "./platform.ts";

await runProgram(
  agentProgram({
    name: "salvo-agent-esxi",
    description: "Speaks for an ESXi host, over SSH: sets up its network when the controller of its lab asks for it.",
    version: manifest.version,
    platform: esxiPlatform,
  }),
);
