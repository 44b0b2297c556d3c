import { StudySchema } from "@salvo/proto/study_pb.ts";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";

const folder = new URL("../../studies/", import.meta.url);
const schema = jsonSchemaOf(StudySchema, "A study of Salvo");

/** As much of draft-07 as the schema uses: what is wrong with a value, by its place. */
function wrong(rule: JsonSchema, value: unknown, at = ""): string[] {
  const { anyOf, type, properties, items, required, pattern } = rule as {
    anyOf?: JsonSchema[];
    type?: string;
    properties?: Record<string, JsonSchema>;
    items?: JsonSchema;
    required?: string[];
    pattern?: string;
    enum?: unknown[];
  };
  if (anyOf) return anyOf.some((each) => wrong(each, value).length === 0) ? [] : [`${at} is none of these`];
  if (Array.isArray(rule["enum"])) return rule["enum"].includes(value) ? [] : [`${at} is not in the enum`];
  if (type === "array")
    return Array.isArray(value) ? value.flatMap((each) => wrong(items ?? {}, each, `${at}[]`)) : [`${at} is no list`];
  if (type === "object") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no map`];
    const missing = (required ?? []).filter((key) => !(key in value)).map((key) => `${at}.${key} is missing`);
    const found = Object.entries(value).flatMap(([key, each]) => {
      const own = properties?.[key];
      return own ? wrong(own, each, `${at}.${key}`) : [`${at}.${key} is unknown`];
    });
    return [...missing, ...found];
  }
  if (type === "integer") return Number.isInteger(value) ? [] : [`${at} is no whole number`];
  if (typeof value !== type) return [`${at} is no ${type}`];
  return pattern !== undefined && !new RegExp(pattern, "u").test(String(value)) ? [`${at} does not fit`] : [];
}

test("studies/study.schema.json is what salvo study schema prints", () => {
  const text = readFileSync(new URL("study.schema.json", folder), "utf8");
  expect(JSON.parse(text)).toEqual(schema);
});

test.for(readdirSync(folder).filter((name) => name.endsWith(".yaml")))("%s names the schema and fits it", (name) => {
  const text = readFileSync(new URL(name, folder), "utf8");
  expect(text).toMatch(/^# yaml-language-server: \$schema=study\.schema\.json\n/);
  const study: unknown = parse(text);
  expect(wrong(schema, study)).toEqual([]);
});

test("the schema finds unknown keys, missing ones, and values of the wrong kind", () => {
  const good = {
    name: "s",
    scenarios: [{ name: "one", participants: [{ agent: "a", device: "d" }] }],
    workloads: [{ name: "w", pattern: "read", blockSize: "4KiB", queueDepth: [1, 2], duration: "10s" }],
  };
  expect(wrong(schema, good)).toEqual([]);
  expect(wrong(schema, { ...good, repeat: 2 })).toEqual([".repeat is unknown"]);
  expect(wrong(schema, { ...good, repeats: "2" })).toEqual([".repeats is no whole number"]);
  expect(wrong(schema, { ...good, workloads: [{ name: "w", pattern: "raed", duration: "10" }] })).toEqual([
    ".workloads[].pattern is not in the enum",
    ".workloads[].duration does not fit",
  ]);
  expect(wrong(schema, { name: "s", workloads: good.workloads })).toEqual([".scenarios is missing"]);
});
