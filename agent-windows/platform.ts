import type { Platform } from "@salvo/shared/agent/platform.ts";
import type { AgentConfig } from "@salvo/proto/lab_pb.ts";
import { join } from "node:path";
import { openBootId } from "./boot.ts";
import { describeHost } from "./host.ts";
import { windowsSampler } from "./sampler.ts";

/** What Windows offers so far: an agent on it serves no role. It can be asked about its host and its clock, and it can observe. */
export function windowsPlatform({ dataDir }: Pick<AgentConfig, "dataDir">): Platform {
  return {
    describeHost: async () => describeHost(),
    bootId: openBootId(join(dataDir, "boot.json")),
    sampler: windowsSampler,
  };
}
