import type { MessageInitShape } from "@bufbuild/protobuf";
import { Owner, type PlanSchema, type StorageItemSchema } from "@salvo/proto/storage_pb.ts";
import { commandOf } from "../domain/provision/op.ts";
import type { Item, Planned } from "./provisioner.ts";

export function planMessage({ steps, hash }: Planned): MessageInitShape<typeof PlanSchema> {
  return {
    hash,
    steps: steps.map(({ id, text, ops, inverse }) => ({
      id,
      text,
      commands: ops.map(commandOf),
      inverse: inverse.map(commandOf),
    })),
  };
}

export function itemMessage({ id, text, ours, problem = "" }: Item): MessageInitShape<typeof StorageItemSchema> {
  return { id, text, owner: ours ? Owner.SALVO : Owner.OTHERS, problem };
}
