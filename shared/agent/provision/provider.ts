import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import type { AttachedLunSchema, GivenDiskSchema } from "@salvo/proto/initiator_pb.ts";
import type { HypervisorSpec } from "@salvo/proto/hypervisor_pb.ts";
import type { InitiatorSpec, TargetSpec } from "@salvo/proto/storage_pb.ts";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Found, Piece } from "../domain/provision/piece.ts";

/**
 * What one kind of storage software is to the engine (provisioner.ts). Everything it knows of the host comes by look. Op: the
 * smallest things that it does, as data, to be shown, hashed, logged and then performed as they are. Only the provider reads them.
 */
export interface Provider<Spec, Shown, Op> {
  /** One look at the host; changes nothing. With the spec, as it may tell what to look for. */
  look(spec?: Spec): Promise<Look<Spec, Shown, Op>>;
  /** For people, and for the hash of a plan: as a shell would be told it, where there is such a command. Nothing secret. */
  describe(op: Op): string;
  /** Does it, or throws saying what the host answered. */
  perform(op: Op): Promise<void>;
}

export interface Look<Spec, Shown, Op> {
  readonly found: readonly Found<Op>[];
  /** What Inspect tells besides, when of the found pieces there are these. */
  show(pieces: readonly Found<Op>[]): Shown;
  /** In the order in which it can be made. Throws `invalid-input` or `refused` for what this host cannot have. */
  wanted(spec: Spec): readonly Piece<Op>[];
}

export interface ProviderDeps {
  readonly config: AgentConfig;
  /** The lab that the agent's certificate is of. */
  readonly lab: string;
}

/**
 * Which ops a provider has is its own business: the engine hands back only those that it got from the same provider's look. So any
 * provider passes for one of unknown ops (parameters of methods are compared both ways).
 */
export type TargetProvider<Op = unknown> = Provider<
  TargetSpec,
  { readonly luns: readonly MessageInitShape<typeof ExportedLunSchema>[] },
  Op
>;
export type InitiatorProvider<Op = unknown> = Provider<
  InitiatorSpec,
  {
    readonly initiator: string;
    readonly hostNqn: string;
    readonly luns: readonly MessageInitShape<typeof AttachedLunSchema>[];
    /** Of a hypervisor: what it has given to its guests. */
    readonly given?: readonly MessageInitShape<typeof GivenDiskSchema>[];
  },
  Op
>;
export type HypervisorProvider<Op = unknown> = Provider<HypervisorSpec, object, Op>;
