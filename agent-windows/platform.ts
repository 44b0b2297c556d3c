import type { Platform } from "@salvo/shared/agent/platform.ts";
import type { AgentConfig } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { join } from "node:path";
import { openBootId } from "./boot.ts";
import { readCores } from "./cpu.ts";
import { describeHost } from "./host.ts";

/**
 * What Windows brings so far. There is no gate and no dump, so no run can be armed; the agent refuses it before it comes to
 * that, as it serves no role `workload`. Without `disks` raw disks are refused too.
 */
export function windowsPlatform({ dataDir, id }: Pick<AgentConfig, "dataDir" | "id">): Platform {
  const noFio = () =>
    new SalvoError("refused", "fio is not run on Windows yet", {
      host: id,
      remedy: "Let agents on Linux take part in the run",
    });
  return {
    describeHost: async () => describeHost(),
    bootId: openBootId(join(dataDir, "boot.json")),
    async openGate() {
      throw noFio();
    },
    requestDump() {
      throw noFio();
    },
    readCores,
    findDisk: () => undefined,
  };
}
