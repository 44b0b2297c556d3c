/** Composition only: what an agent does is in shared/agent, what is Windows about it is beside this file. */
import { agentProgram, runProgram } from "@salvo/shared/agent/program.ts";
import manifest from "./package.json" with { type: "json" };
import { windowsHost, windowsPlatform } from "./platform.ts";
import { endChildrenWithThisProcess } from "./win32/job-object.ts";

await runProgram(
  agentProgram({
    name: "salvo-agent-windows",
    description: "Runs fio on this Windows host for the controller of its lab, and samples the host's processors.",
    version: manifest.version,
    platform(config) {
      endChildrenWithThisProcess();
      return windowsPlatform(config, windowsHost());
    },
  }),
);
