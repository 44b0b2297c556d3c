import { unreachable } from "../../../kernel/assert.ts";
import {
  type DiskFacts,
  type DiskIdentity,
  type Fact,
  type FreshLun,
  type Given,
  type Label,
  sequenceOf,
} from "./facts.ts";
import { deviceHash } from "../plan-hash.ts";
import { compare, describeListed, hasEnoughKeys, isSameLun, type ListedDisk, twins } from "./identity.ts";
import { RESERVED_BYTES } from "./label.ts";
import { type Refusal, type RefusalCode, refusal } from "./refusal.ts";
import { signatureRefusals } from "./signatures.ts";

/** What is to be done with the disk. */
export type Purpose =
  /** Writing a run's I/O to it. */
  | {
      readonly type: "use";
      readonly claim: Label | undefined;
      readonly lab: string | undefined;
      readonly plan: RawPlan;
    }
  /** Writing a label to it. */
  | { readonly type: "claim" }
  /** Taking the label of this host's claim away. */
  | { readonly type: "release"; readonly claim: Label | undefined }
  /** Remembering that it is a fresh LUN, which runs may write to. given: by another agent. */
  | { readonly type: "take"; readonly owners: LunOwners; readonly given?: Given | undefined }
  /** Writing a run's I/O to a LUN that was taken. */
  | {
      readonly type: "use-fresh";
      readonly fresh: FreshLun;
      readonly owners: LunOwners;
      readonly lab: string | undefined;
      readonly plan: RawPlan;
    };

/** Whose fresh LUNs runs may write to, as the agent's own file says. */
export interface LunOwners {
  /** How the names begin of the targets that may make such. */
  readonly targets: readonly string[];
  /** Agents that may give such to this host as disks. */
  readonly attachers: readonly string[];
}

/** What a run was armed with. It holds for this attachment of this disk and for no other. */
export interface RawPlan {
  /** What the disk was when the run was planned. */
  readonly deviceHash: string;
  readonly node: string;
  readonly firstByte: bigint;
  readonly sizeBytes: bigint;
}

export interface Question {
  readonly facts: DiskFacts;
  /** All disks of the host. */
  readonly disks: readonly DiskIdentity[];
  readonly name: string;
  readonly listed: ListedDisk;
  readonly purpose: Purpose;
}

export interface Rule {
  readonly name: string;
  readonly check: (question: Question) => readonly Refusal[];
}

/** Empty: it may be done. Otherwise every reason against it. */
export function judge(question: Question, rules: readonly Rule[] = RULES): Refusal[] {
  return rules.flatMap(({ check }) => check(question));
}

/** A rule on one fact: unknown is a no. */
function on<K extends keyof DiskFacts>(
  fact: K,
  code: RefusalCode,
  words: (value: Known<DiskFacts[K]>) => string | undefined,
): Rule {
  return {
    name: code,
    check({ facts }) {
      const found: DiskFacts[K] = facts[fact];
      if ("unknown" in found) return [cannotTell(fact, found.unknown)];
      // The type of a fact's value does not survive the indexing.
      const message = words((found as { readonly value: Known<DiskFacts[K]> }).value);
      return message === undefined ? [] : [refusal(code, message)];
    },
  };
}

type Known<F> = F extends { readonly value: infer T } ? T : never;

function cannotTell(fact: string, why: string): Refusal {
  return refusal("cannot-tell", `${fact} could not be found out: ${why}`);
}

const list = (names: readonly string[], words: string) =>
  names.length === 0 ? undefined : `${words} ${names.join(", ")}`;

export const RULES: readonly Rule[] = [
  {
    name: "identity-thin",
    check: ({ listed, purpose }) =>
      hasEnoughKeys(listed, { given: givenOf(purpose) !== undefined })
        ? []
        : [refusal("identity-thin", `${describeListed(listed)} are too few keys`)],
  },
  {
    name: "identity-mismatch",
    check({ facts: { identity }, listed }) {
      const { wrong, unknown } = compare(listed, identity);
      return [
        ...wrong.map((each) => refusal("identity-mismatch", `${identity.path} is another disk: its ${each}`)),
        ...unknown.map((each) => cannotTell("identity", each)),
      ];
    },
  },
  {
    name: "size-mismatch",
    check({ facts: { identity }, listed }) {
      const { sizeBytes } = identity;
      if ("unknown" in sizeBytes) return [cannotTell("size", sizeBytes.unknown)];
      if (sizeBytes.value === listed.sizeBytes) return [];
      return [refusal("size-mismatch", `${identity.path} has ${sizeBytes.value} B, not ${listed.sizeBytes} B`)];
    },
  },
  {
    name: "ambiguous",
    check({ facts: { identity }, disks, purpose }) {
      // A LUN has a disk for each session to it. It was the one attachment that was blank, so which one is meant is known.
      const others = isFresh(purpose) ? disks.filter((other) => !isSameLun(identity, other)) : disks;
      const { shared, unknown } = twins(identity, others);
      return [
        ...shared.map((each) => refusal("ambiguous", `${identity.path} shares its ${each}`)),
        ...unknown.map((each) => cannotTell("whether it is the only one", each)),
      ];
    },
  },
  on("multipath", "multipath", (maps) => list(maps, "is a path of the multipath map")),
  on("mounts", "mounted", (at) => list(at, "is mounted at")),
  on("swaps", "swap", (swaps) => list(swaps, "is swap:")),
  on("system", "system", (parts) => list(parts, "holds the running system's")),
  on("partitions", "partitioned", (names) => list(names, "has the partitions")),
  on("holders", "held", (names) => list(names, "is part of")),
  on("exclusive", "busy", (ours) => (ours ? undefined : "is in exclusive use by another program")),
  on("writers", "open-elsewhere", (programs) => list(programs, "is open for writing in")),
  on("readOnly", "read-only", (readOnly) => (readOnly ? "is read-only" : undefined)),
  on("removable", "removable", (removable) => (removable ? "is removable" : undefined)),
  {
    name: "signatures",
    check: ({ facts: { signatures } }) =>
      "unknown" in signatures ? [cannotTell("signatures", signatures.unknown)] : signatureRefusals(signatures.value),
  },
  { name: "label", check: ({ facts, name, purpose }) => labelRefusals(facts.label, name, purpose) },
  { name: "lab", check: ({ facts, purpose }) => labRefusals(facts.label, purpose) },
  { name: "claim", check: ({ facts, purpose }) => claimRefusals(facts.label, purpose) },
  { name: "foreign-target", check: ({ facts, purpose }) => targetRefusals(facts.identity, purpose) },
  { name: "arrival", check: ({ facts, purpose }) => arrivalRefusals(facts.identity, purpose) },
  { name: "region", check: ({ facts, purpose }) => regionRefusals(facts.identity, purpose) },
  { name: "stale", check: ({ facts, purpose }) => staleRefusals(facts.identity, purpose) },
  { name: "plan-hash", check: planRefusals },
];

function labelRefusals(found: DiskFacts["label"], name: string, purpose: Purpose): Refusal[] {
  if ("unknown" in found) return [cannotTell("label", found.unknown)];
  const { value } = found;
  switch (value.type) {
    case "damaged":
      return [refusal("label-damaged", `has a label that is damaged: ${value.why}`)];
    case "foreign":
      if (purpose.type === "use-fresh" && purpose.fresh.used) return []; // of workloads
      return [refusal("unknown-content", "has data in its first MiB that is not a label of Salvo's")];
    case "blank":
      return purpose.type === "claim" || isFresh(purpose) ? [] : [refusal("label-missing", "has no label of Salvo's")];
    case "label":
      if (purpose.type === "claim" || isFresh(purpose))
        return [refusal("already-claimed", `is claimed as ${told(value.label)}`)];
      return value.label.device === name ? [] : [refusal("label-device", `is claimed as ${told(value.label)}`)];
    default:
      return unreachable(value);
  }
}

/** undefined of whatever this host has attached itself. */
function givenOf(purpose: Purpose): Given | undefined {
  if (purpose.type === "take") return purpose.given;
  return purpose.type === "use-fresh" ? purpose.fresh.given : undefined;
}

function isFresh(purpose: Purpose): boolean {
  return purpose.type === "take" || purpose.type === "use-fresh";
}

function labRefusals(found: DiskFacts["label"], purpose: Purpose): Refusal[] {
  if (purpose.type === "claim" || purpose.type === "take") return [];
  const label = purpose.type === "use-fresh" ? purpose.fresh : labelOf(found);
  if (!label) return [];
  const wanted = purpose.type === "release" ? undefined : purpose.lab;
  const remembered = purpose.type === "use-fresh" ? undefined : purpose.claim?.lab;
  const differs = (lab: string | undefined) => lab !== undefined && lab !== label.lab;
  const reasons = [
    ...(differs(wanted) ? [`this agent belongs to lab ${wanted}`] : []),
    ...(differs(remembered) ? [`this agent claimed it for lab ${remembered}`] : []),
  ];
  return reasons.length === 0
    ? []
    : [refusal("label-lab", `is claimed as ${told(label)}, but ${reasons.join(", and ")}`)];
}

/** The label alone could be a copy of one: this host must remember that it wrote it. */
function claimRefusals(found: DiskFacts["label"], purpose: Purpose): Refusal[] {
  const label = labelOf(found);
  if (!label || (purpose.type !== "use" && purpose.type !== "release")) return [];
  if (!purpose.claim) return [refusal("not-claimed", `is claimed as ${told(label)}, but not by this agent`)];
  if (purpose.claim.uuid === label.uuid) return [];
  return [refusal("label-uuid", `bears label ${label.uuid}, this agent wrote ${purpose.claim.uuid}`)];
}

/** A controller alone must not be able to have a disk written to: the agent's own file says whose LUNs may be. */
function targetRefusals({ target, path }: DiskIdentity, purpose: Purpose): Refusal[] {
  if (purpose.type !== "take" && purpose.type !== "use-fresh") return [];
  if ("unknown" in target) return [cannotTell("target", target.unknown)];
  const { targets, attachers } = purpose.owners;
  const name = target.value?.iqn ?? "none";
  const given = givenOf(purpose);
  if (!given) {
    if (targets.some((prefix) => name.startsWith(prefix))) return [];
    return [refusal("foreign-target", `${path} is of the target ${name}, whose LUNs runs may not write to`)];
  }
  if (target.value) return [refusal("foreign-target", `${path} is of the target ${name}, and no disk that was given`)];
  if (attachers.includes(given.attacher)) return [];
  const whose = `${path} is to be of the attacher ${given.attacher}`;
  return [refusal("foreign-target", `${whose}, to whose LUNs runs may not write`)];
}

/** What was there before its attacher was asked for it, the attacher has not given: whatever anybody says of it. */
function arrivalRefusals(identity: DiskIdentity, purpose: Purpose): Refusal[] {
  const given = givenOf(purpose);
  if (!given) return [];
  const { path, node } = identity;
  const sequence = sequenceOf(identity);
  if (sequence === undefined) return [cannotTell("arrival", `this kernel does not count attachments (${node})`)];
  if (sequence > given.after) return [];
  return [refusal("was-there", `${path} was there before ${given.attacher} was asked to attach it`)];
}

function regionRefusals({ sizeBytes }: DiskIdentity, purpose: Purpose): Refusal[] {
  if (!("plan" in purpose) || "unknown" in sizeBytes) return []; // an unknown size is refused above
  const { firstByte, sizeBytes: planned } = purpose.plan;
  const reserved = purpose.type === "use-fresh" ? 0n : RESERVED_BYTES;
  if (firstByte >= reserved && planned > 0n && firstByte + planned <= sizeBytes.value) return [];
  return [refusal("region", `bytes ${firstByte} to ${firstByte + planned} are not all the workload's`)];
}

function staleRefusals({ path, node }: DiskIdentity, purpose: Purpose): Refusal[] {
  if (!("plan" in purpose)) return [];
  if (purpose.plan.node !== node)
    return [refusal("stale", `${path} is device ${node} now, but ${purpose.plan.node} was armed`)];
  if (purpose.type === "use" || purpose.fresh.node === node) return [];
  return [refusal("stale", `${path} is device ${node} now, but ${purpose.fresh.node} was taken when it was blank`)];
}

/** Without a label there is nothing to plan with, and others say so. */
function planRefusals({ facts, name, listed, purpose }: Question): Refusal[] {
  if (!("plan" in purpose)) return [];
  const label = purpose.type === "use" ? labelOf(facts.label) : purpose.fresh;
  if (!label || deviceHash({ name, ...listed }, label) === purpose.plan.deviceHash) return [];
  const what = `${facts.identity.path} is not the disk that the run was planned for`;
  return [refusal("plan-hash", `${what}: since then it was claimed anew, or listed otherwise in the agent's file`)];
}

function labelOf(found: Fact<DiskFacts["label"] extends Fact<infer T> ? T : never>): Label | undefined {
  return "value" in found && found.value.type === "label" ? found.value.label : undefined;
}

function told({ device, lab, uuid }: Label): string {
  return `device ${device} of lab ${lab} (${uuid})`;
}
