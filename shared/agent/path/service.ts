/** The wire side of what is found out about the network. */
import { PathService } from "@salvo/proto/path_pb.ts";
import { implement, type ImplementedService } from "../../rpc/service.ts";
import type { Occupation } from "../occupation.ts";
import type { PathTools } from "./tools.ts";

export interface PathDeps {
  readonly occupation: Occupation;
}

/** Loading the network is refused while something is measured over it. */
export function pathService(tools: PathTools, { occupation }: PathDeps): ImplementedService {
  return implement(PathService, {
    inspect: async ({ addresses }) => ({ links: await tools.links(addresses) }),
    ping: async ({ address, packetBytes, count }, { signal }) => tools.ping(address, packetBytes, count, { signal }),
    async *serve({ test, address }, { signal }) {
      occupation.expectFree(); // the far end begins it
      yield* tools.serve(test, address, { signal });
    },
    async measure({ test, address, port, from }, { signal }) {
      using _ = occupation.begin("a test of the network");
      return await tools.measure(test, { address, port, from }, { signal });
    },
  });
}
