/** What a lab file's storage section means for each of its hosts. Pure. */
import { create } from "@bufbuild/protobuf";
import { type Lab, Role, type StorageAttachment } from "@salvo/proto/lab_pb.ts";
import {
  type Attachment,
  AttachmentSchema,
  type Export,
  type InitiatorSpec,
  InitiatorSpecSchema,
  type TargetSpec,
  TargetSpecSchema,
} from "@salvo/proto/storage_pb.ts";
import type { ExportedLun } from "@salvo/proto/target_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** By the target's agent: the LUNs that it has told of. Nobody else knows by what they will be known. */
export type Exported = ReadonlyMap<string, readonly ExportedLun[]>;

export const NOTHING_EXPORTED: Exported = new Map();

/** What one initiator is to have. */
export interface InitiatorWish {
  /** Of the LUNs whose targets have told by what they are known. */
  readonly spec: InitiatorSpec;
  /** The others, for people: "LUN 0 of export fast of target". */
  readonly unknown: readonly string[];
}

export function targetSpec({ storage }: Lab, agent: string): TargetSpec {
  const wanted = storage?.targets.find((each) => each.agent === agent);
  return create(TargetSpecSchema, { volumes: wanted?.volumes ?? [], exports: wanted?.exports ?? [] });
}

/** Throws `invalid-input` for an attachment to what no target has. */
export function initiatorWish(lab: Lab, agent: string, exported: Exported): InitiatorWish {
  const parts = attachmentsOf(lab, agent).map((wish) => attachmentTo(wantedExport(lab, wish), wish, exported));
  return {
    spec: create(InitiatorSpecSchema, { attachments: parts.flatMap(({ attachment }) => attachment ?? []) }),
    unknown: parts.flatMap(({ unknown }) => unknown),
  };
}

/** Agents of targets that the initiator attaches to. */
export function targetsOf(lab: Lab, agent: string): string[] {
  return [...new Set(attachmentsOf(lab, agent).map(({ target }) => target))];
}

function attachmentsOf({ storage }: Lab, agent: string): StorageAttachment[] {
  return (storage?.attachments ?? []).filter((each) => each.agent === agent);
}

function wantedExport({ storage }: Lab, { target, export: name }: StorageAttachment): Export {
  const found = storage?.targets.find(({ agent }) => agent === target)?.exports.find((each) => each.name === name);
  if (found) return found;
  throw new SalvoError("invalid-input", `no target has the export ${name}`);
}

function attachmentTo(
  { name, transport, portals, chap, luns }: Export,
  { target, sessions, multipath, queueDepth }: StorageAttachment,
  exported: Exported,
): { readonly attachment?: Attachment; readonly unknown: readonly string[] } {
  const told = (exported.get(target) ?? []).filter((each) => each.export === name && each.transport === transport);
  const known = luns.flatMap(
    ({ number, volume }) => told.find((each) => each.number === number && each.volume === volume) ?? [],
  );
  const unknown = luns
    .filter(({ number }) => !known.some((each) => each.number === number))
    .map(({ number }) => `LUN ${number} of export ${name} of ${target}`);
  const [first] = known;
  if (!first) return { unknown };
  const attachment = create(AttachmentSchema, {
    target: first.target,
    transport,
    portals,
    sessions,
    multipath,
    queueDepth,
    ...(chap && { chap }),
    luns: known.map(({ number, wwn, serial, sizeBytes }) => ({ number, wwn, serial, sizeBytes })),
  });
  return { attachment, unknown };
}

/** Throws `invalid-input` for a storage section that does not fit the lab's agents. */
export function checkStorage({ agents, storage }: Lab): void {
  const has = (id: string, role: Role) => agents.some((agent) => agent.id === id && agent.roles.includes(role));
  const wrong = (why: string) => new SalvoError("invalid-input", `storage: ${why}`);
  for (const { agent } of storage?.targets ?? [])
    if (!has(agent, Role.TARGET)) throw wrong(`the lab has no agent ${agent} with the role target`);
  for (const { agent, target, export: name } of storage?.attachments ?? []) {
    if (!has(agent, Role.INITIATOR)) throw wrong(`the lab has no agent ${agent} with the role initiator`);
    const exports = storage?.targets.find((each) => each.agent === target)?.exports ?? [];
    if (!exports.some((each) => each.name === name))
      throw wrong(
        `${agent} is to attach to ${name} of ${target}, which has ${exports.map((each) => each.name).join(", ") || "no exports"}`,
      );
  }
}
