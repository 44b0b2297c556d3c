import type { MessageInitShape } from "@bufbuild/protobuf";
import { Owner, type PlanSchema, StepAction, type StorageItemSchema } from "@salvo/proto/storage_pb.ts";
import type { Step } from "../domain/provision/diff.ts";
import type { Item, Planned } from "./provisioner.ts";

const ACTIONS: Readonly<Record<Step<unknown>["does"], StepAction>> = {
  make: StepAction.MAKE,
  set: StepAction.SET,
  remove: StepAction.REMOVE,
};

export function planMessage({ steps, hash }: Planned): MessageInitShape<typeof PlanSchema> {
  return {
    hash,
    steps: steps.map(({ id, does, piece, kind, what, text, commands, undoing }) => ({
      id,
      action: ACTIONS[does],
      piece,
      kind,
      what,
      text,
      commands: [...commands],
      inverse: [...undoing],
    })),
  };
}

export function itemMessage({ id, kind, text, ours, problem = "" }: Item): MessageInitShape<typeof StorageItemSchema> {
  return { id, kind, text, owner: ours ? Owner.SALVO : Owner.OTHERS, problem };
}
