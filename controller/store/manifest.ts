import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { basename, join, resolve } from "node:path";
import { fromJson, toJson, toJsonString, type DescMessage, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { ManifestSchema, RunSummarySchema, type Manifest, type RunSummary } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { contentOf } from "../analysis/run-content.ts";
import { settingsOf } from "../analysis/run-settings.ts";
import { readChecked } from "./checksums.ts";
import { MANIFEST } from "./layout.ts";

/** Raised when a reader of the old form would misread the new one. */
export const MANIFEST_FORMAT = 1;

export function formatManifest(manifest: Manifest): string {
  return `${toJsonString(ManifestSchema, manifest, { prettySpaces: 2, alwaysEmitImplicit: true })}\n`;
}

/**
 * The manifest of a sealed run's folder, checked; its summary names the folder. Throws `not-found` without the folder,
 * `corrupt` when it is damaged, `invalid-input` when a newer Salvo wrote it.
 */
export async function loadManifest(folder: string): Promise<Manifest> {
  const file = join(folder, MANIFEST);
  const text = (await readChecked(folder, MANIFEST)).toString("utf8");
  const corrupt = (why: string, cause?: unknown) =>
    new SalvoError("corrupt", `the manifest of run ${basename(folder)} cannot be read: ${why}`, { file, cause });
  const json = parsed(text, corrupt);
  const format: unknown = json["format"];
  if (format !== MANIFEST_FORMAT)
    throw new SalvoError("invalid-input", `run ${basename(folder)} has the archive format ${JSON.stringify(format)}`, {
      file,
      remedy: `Read it with a newer Salvo: this one knows format ${MANIFEST_FORMAT}`,
    });
  const manifest = readManifest(json, corrupt);
  if (!manifest.summary) throw corrupt("it has no summary");
  manifest.summary.archive = resolve(folder);
  addUntold(manifest, manifest.summary);
  return manifest;
}

/** What versions before these fields did not write, and their archives tell all the same. */
function addUntold({ spec, participants }: Manifest, summary: RunSummary): void {
  if (summary.content === "" && spec) summary.content = contentOf(spec);
  if (spec) summary.settings ??= settingsOf(spec);
  if (summary.startBoundUs > 0) return;
  const started = participants.filter((participant) => participant.started);
  const widths = started.map(({ firstIoEarliestNs, firstIoLatestNs }) => Number(firstIoLatestNs - firstIoEarliestNs));
  summary.startBoundUs = greatest(widths, 0) / 2 / 1000;
}

type Corrupt = (why: string, cause?: unknown) => SalvoError;

/** Its checksum fits, so nobody damaged it by accident; an archive may come from anybody all the same. */
function parsed(text: string, corrupt: Corrupt): JsonObject {
  try {
    const json: JsonValue = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  } catch (error) {
    throw corrupt(String(error), error);
  }
  throw corrupt("it is no object");
}

function readManifest(json: JsonObject, corrupt: Corrupt): Manifest {
  try {
    return fromJson(ManifestSchema, json, { ignoreUnknownFields: true });
  } catch (error) {
    throw corrupt(String(error), error);
  }
}

export function summaryOf({ summary, spec }: Manifest): RunSummary {
  assert(summary, `the manifest of ${spec?.run} has no summary`);
  return summary;
}

/**
 * The one line of JSON about a run. Every field of RunSummary is in it, in order, and null where there is no value: no
 * window, no start, or a percentile that the samples do not support. 64-bit numbers are strings, as in all protobuf JSON.
 */
export function summaryJson(summary: RunSummary): JsonObject {
  return withNulls(RunSummarySchema, toJson(RunSummarySchema, summary, { alwaysEmitImplicit: true }));
}

function withNulls(schema: DescMessage, json: JsonValue): JsonObject {
  assert(typeof json === "object" && json !== null && !Array.isArray(json), "a message's JSON is an object");
  const fields = schema.fields.map(({ jsonName, message }): [string, JsonValue] => {
    const value = json[jsonName] ?? null;
    if (!message || value === null) return [jsonName, value];
    return [jsonName, Array.isArray(value) ? value.map((each) => withNulls(message, each)) : withNulls(message, value)];
  });
  return Object.fromEntries(fields);
}
