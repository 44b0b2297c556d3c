import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import type { RunAgent } from "@salvo/proto/run_pb.ts";

/** Whether an agent takes part in its run without fio. */
export function isObserver({ observer }: Pick<RunAgent, "observer">): boolean {
  return observer !== ObserverLoss.UNSPECIFIED;
}
