/** Disks in words, for people. */
import {
  type DiskFacts,
  type DiskIdentity,
  type Fact,
  type LabelFound,
} from "@salvo/shared/agent/domain/guard/facts.ts";

/** Several lines, one a fact. */
export function describeDisk({ identity, signatures, label }: DiskFacts): string {
  const { path, model, serial, wwn, target, sizeBytes } = identity;
  const rows = [
    ["disk", path],
    ["model", model || "-"],
    ["serial", shown(serial)],
    ["WWN", shown(wwn)],
    ["target", shownTarget(target)],
    ["size", shownSize(sizeBytes)],
    ["signatures", shownSignatures(signatures)],
    ["first MiB", "value" in label ? LABELS[label.value.type](label.value) : unknown(label)],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(11)} ${value}\n`).join("");
}

const LABELS: { [T in LabelFound["type"]]: (found: LabelFound) => string } = {
  blank: () => "blank",
  foreign: () => "data",
  damaged: () => "a damaged label of Salvo's",
  label: (found) =>
    found.type === "label" ? `device ${found.label.device} of lab ${found.label.lab}, label ${found.label.uuid}` : "",
};

export function shown(fact: Fact<string>): string {
  return "value" in fact ? fact.value || "-" : unknown(fact);
}

/** Exactly, as the agent's file wants it, and so that it can be read. */
export function shownSize(fact: Fact<bigint>): string {
  if (!("value" in fact)) return unknown(fact);
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, Number(fact.value))) / 10));
  const rounded = (Number(fact.value) / 1024 ** power).toFixed(power === 0 ? 0 : 1);
  return `${fact.value}B (${rounded} ${["B", "KiB", "MiB", "GiB", "TiB"][power]})`;
}

export function shownTarget(fact: DiskIdentity["target"]): string {
  if (!("value" in fact)) return unknown(fact);
  return fact.value ? `${fact.value.iqn} LUN ${fact.value.lun}` : "-";
}

export function shownSignatures(fact: DiskFacts["signatures"]): string {
  if (!("value" in fact)) return unknown(fact);
  return [...new Set(fact.value.map(({ type }) => type))].join(", ") || "none";
}

function unknown({ unknown }: { readonly unknown: string }): string {
  return `unknown (${unknown})`;
}
