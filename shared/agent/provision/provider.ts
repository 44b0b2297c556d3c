import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import type { AttachedLunSchema } from "@salvo/proto/initiator_pb.ts";
import type { InitiatorSpec, TargetSpec } from "@salvo/proto/storage_pb.ts";
import type { AgentConfig } from "@salvo/proto/lab_pb.ts";
import type { Op } from "../domain/provision/op.ts";
import type { Found, Piece } from "../domain/provision/piece.ts";

/** What one kind of storage software is to the engine (provisioner.ts). Everything it knows of the host comes by look. */
export interface Provider<Spec, Shown> {
  /** One look at the host; changes nothing. With the spec, as it may tell what to look for. */
  look(spec?: Spec): Promise<Look<Spec, Shown>>;
  /** Does it, or throws saying what the host answered. */
  perform(op: Op): Promise<void>;
}

export interface Look<Spec, Shown> {
  readonly found: readonly Found[];
  /** What Inspect tells besides. */
  readonly shown: Shown;
  /** In the order in which it can be made. Throws `invalid-input` or `refused` for what this host cannot have. */
  wanted(spec: Spec): readonly Piece[];
}

export interface ProviderDeps {
  readonly config: AgentConfig;
  /** The lab that the agent's certificate is of. */
  readonly lab: string;
}

export type TargetProvider = Provider<
  TargetSpec,
  { readonly luns: readonly MessageInitShape<typeof ExportedLunSchema>[] }
>;
export type InitiatorProvider = Provider<
  InitiatorSpec,
  {
    readonly initiator: string;
    readonly hostNqn: string;
    readonly luns: readonly MessageInitShape<typeof AttachedLunSchema>[];
  }
>;
