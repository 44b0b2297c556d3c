/** What a script's result must have. Each throws `program-failed` and names the field when the result has it not. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Json } from "./answer.ts";

export function textOf(json: Json, key: string): string {
  const value = json[key];
  if (typeof value === "string") return value;
  throw without(key, "text");
}

export function numberOf(json: Json, key: string): number {
  const value = json[key];
  if (typeof value === "number") return value;
  throw without(key, "number");
}

export function truthOf(json: Json, key: string): boolean {
  const value = json[key];
  if (typeof value === "boolean") return value;
  throw without(key, "true or false");
}

export function objectOf(json: Json, key: string): Json {
  const value = json[key];
  if (isObject(value)) return value;
  throw without(key, "object");
}

export function objectsOf(json: Json, key: string): readonly Json[] {
  const value = json[key];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw without(key, "list of objects");
}

export function textsOf(json: Json, key: string): readonly string[] {
  const value = json[key];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw without(key, "list of texts");
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(key: string, what: string): SalvoError {
  return new SalvoError("program-failed", `a PowerShell script answered without the ${what} "${key}"`, {
    remedy: "The scripts beside the agent must be of the agent's own version: install the agent again",
  });
}
