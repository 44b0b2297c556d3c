/** The wire side of what is found out about the network. */
import { PathService } from "@salvo/proto/path_pb.ts";
import { SalvoError } from "../kernel/error.ts";
import { implement, type ImplementedService } from "../rpc/service.ts";
import type { PathTools } from "./path-tools.ts";

export interface PathDeps {
  readonly host: string;
  /** The run that this agent is at; empty when it is at none. */
  readonly runningRun: () => string;
}

/** Loading the network is refused while something is measured over it. */
export function pathService(tools: PathTools, { host, runningRun }: PathDeps): ImplementedService {
  const refuseInRun = () => {
    const run = runningRun();
    if (run !== "") throw new SalvoError("wrong-state", `agent ${host} is busy with run ${run}`, { host });
  };
  return implement(PathService, {
    inspect: async ({ addresses }) => ({ links: await tools.links(addresses) }),
    ping: async ({ address, packetBytes, count }, { signal }) => tools.ping(address, packetBytes, count, { signal }),
    async *serve({ test, address }, { signal }) {
      refuseInRun();
      yield* tools.serve(test, address, { signal });
    },
    async measure({ test, address, port, from }, { signal }) {
      refuseInRun();
      return tools.measure(test, { address, port, from }, { signal });
    },
  });
}
