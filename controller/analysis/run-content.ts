/**
 * What a run was asked to do, and to what. Names do not tell: somebody edits a study and keeps them. Only runs with the same
 * content may be pooled; others of the same name are shown apart, with what differs.
 */
import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { ScenarioStorageSchema } from "@salvo/proto/study_pb.ts";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";

/** One side of a run's content, the workload or the scenario. */
export interface Part {
  readonly name: string;
  /** Of name and facts: the same for the same, in every version that knows these facts. */
  readonly hash: string;
  /** Texts by a key as the study file has it, the unit left out: blockSize, storage.transport. */
  readonly facts: ReadonlyMap<string, string>;
}

type Spec = Pick<RunSpec, "lab" | "scenario" | "workload" | "intervalMs" | "participants" | "storage">;

/** The definition of the workload, and how often it is sampled. */
export function workloadPart({ workload, intervalMs }: Spec): Part {
  const facts = workload ? factsOf(WorkloadSchema, workload, "") : [];
  const own = facts.filter(([key]) => key !== "name");
  return partOf(workload?.name ?? "", [...own, ["interval", `${intervalMs} ms`]]);
}

/** The lab, its participants, and the storage that is made for them. A secret is no fact; that there is one is. */
export function scenarioPart({ lab, scenario, participants, storage }: Spec): Part {
  const ids = participants.map(({ id }) => id).toSorted();
  const wanted = storage?.wanted;
  return partOf(scenario, [
    ["lab", lab],
    ["participants", `${ids.length}: ${ids.join(", ")}`],
    ...(wanted ? factsOf(ScenarioStorageSchema, wanted, "storage.") : []),
  ]);
}

/** Equal for runs that may be pooled. */
export function contentOf(spec: Spec): string {
  return hashOf([workloadPart(spec).hash, scenarioPart(spec).hash]);
}

/**
 * What to call each part, by its hash: its name, and where several parts have that name, what differs between them, as in
 * `4k-randread (queueDepth 16)`.
 */
export function partLabels(parts: Iterable<Part>): ReadonlyMap<string, string> {
  const distinct = new Map([...parts].map((part) => [part.hash, part]));
  const labels = new Map<string, string>();
  for (const [name, alike] of Map.groupBy(distinct.values(), (part) => part.name)) {
    const differing = differingKeys(alike);
    for (const part of alike) labels.set(part.hash, labelOf(name, part, differing));
  }
  return labels;
}

const KEYS_MAX = 4;
const VALUE_CHARS_MAX = 60;

function labelOf(name: string, { facts }: Part, differing: readonly string[]): string {
  if (differing.length === 0) return name;
  const shown = differing.slice(0, KEYS_MAX).map((key) => `${key} ${cut(facts.get(key) ?? "none")}`);
  const more = differing.length > KEYS_MAX ? [`${differing.length - KEYS_MAX} more differ`] : [];
  return `${name} (${[...shown, ...more].join(", ")})`;
}

function differingKeys(parts: readonly Part[]): string[] {
  const keys = new Set(parts.flatMap(({ facts }) => [...facts.keys()]));
  return [...keys].filter((key) => new Set(parts.map(({ facts }) => facts.get(key))).size > 1);
}

function cut(value: string): string {
  return value.length <= VALUE_CHARS_MAX ? value : `${value.slice(0, VALUE_CHARS_MAX)}…`;
}

type Fact = readonly [key: string, value: string];

function partOf(name: string, facts: readonly Fact[]): Part {
  const told = facts.filter(([key, value]) => !NOTHINGS.has(value) && LATER.get(key) !== value);
  const sorted = told.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { name, hash: hashOf([name, ...sorted.flat()]), facts: new Map(facts) };
}

/** A value that says nothing is not hashed, so a field of a newer version changes no older run's content. */
const NOTHINGS: ReadonlySet<string> = new Set(["none", "false"]);

/** What was so in every run before the key came. */
const LATER: ReadonlyMap<string, string> = new Map([["storage.attach", "guest"]]);

function factsOf(schema: DescMessage, message: Message, prefix: string): Fact[] {
  const reflected = reflect(schema, message);
  return schema.fields.flatMap((field) => fieldFacts(reflected, field, prefix));
}

function fieldFacts(message: ReflectMessage, field: DescField, prefix: string): Fact[] {
  const key = `${prefix}${field.jsonName.replace(/(Bytes|Ms)$/, "")}`;
  if (!message.isSet(field)) return [[key, LATER.get(key) ?? (field.scalar === ScalarType.BOOL ? "false" : "none")]];
  if (field.name === "chap") return [[key, "set"]];
  switch (field.fieldKind) {
    case "message": {
      const inner = message.get(field);
      return factsOf(field.message, inner.message, `${key}.`);
    }
    case "list":
      return [[key, [...message.get(field)].map(String).toSorted().join(", ")]];
    case "enum":
      return [[key, enumText(field, message.get(field))]];
    case "scalar":
      return [[key, scalarText(field, message.get(field))]];
    case "map":
      return [];
  }
}

function enumText(field: DescField & { fieldKind: "enum" }, value: number): string {
  return field.enum.value[value]?.localName.toLowerCase().replaceAll("_", "-") ?? String(value);
}

function scalarText({ jsonName }: DescField, value: unknown): string {
  if (jsonName.endsWith("Bytes")) return bytesText(Number(value));
  return `${String(value)}${jsonName.endsWith("Ms") ? " ms" : ""}`;
}

/** Exact: the largest unit that gives a whole number, as in study files. */
function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  while (units.length > 1 && value > 0 && value % 1024 === 0) {
    value /= 1024;
    units.shift();
  }
  return `${value} ${units[0] ?? ""}`;
}

/** Of a JSON array of strings, so no two different contents have the same bytes. */
function hashOf(texts: readonly string[]): string {
  return sha256(JSON.stringify(texts)).slice(0, 16);
}
