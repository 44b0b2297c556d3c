/** What of the host a reader of results must know: what may disturb a measurement, and which software there is. */
import type { Json } from "./powershell/answer.ts";
import { objectsOf, textOf, textsOf, truthOf } from "./powershell/fields.ts";

/** Microsoft's own plans (powercfg /list): "high performance", and "ultimate performance". */
const FAST_PLANS = ["8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c", "e9a42b02-d5df-448d-aa00-03f14749eb61"];
const JUMBO_BYTES = 9000;

/** One line each. What Windows did not tell is a line too. */
export function hostNotes(facts: Json, dataFolder: string): string[] {
  return [
    ...powerNotes(facts["powerPlan"]),
    ...defenderNotes(facts["defender"], dataFolder),
    ...adapterNotes(facts),
    ...objectsOf(facts, "products").map((product) => `${textOf(product, "name")} ${textOf(product, "version")}`.trim()),
  ];
}

function powerNotes(plan: unknown): string[] {
  if (typeof plan !== "string") return ["Windows does not tell its power plan"];
  if (FAST_PLANS.some((fast) => plan.toLowerCase().includes(fast))) return [];
  return ["the power plan is not high performance: type powercfg /setactive SCHEME_MIN"];
}

function defenderNotes(defender: unknown, dataFolder: string): string[] {
  if (!isObject(defender)) return ["whether Windows Defender scans files is not known"];
  if (!truthOf(defender, "scans") || textsOf(defender, "excluded").some((each) => isWithin(dataFolder, each)))
    return [];
  return [`Windows Defender scans the agent's data folder: exclude ${dataFolder}`];
}

function isWithin(folder: string, excluded: string): boolean {
  const parts = (path: string) => path.toLowerCase().replaceAll("/", "\\").replace(/\\+$/, "");
  return `${parts(folder)}\\`.startsWith(`${parts(excluded)}\\`);
}

function adapterNotes(facts: Json): string[] {
  if (facts["rdmaAdapters"] === null) return ["Windows does not tell its RDMA adapters"];
  return objectsOf(facts, "rdmaAdapters").map((adapter) => {
    const jumbo = Number(textOf(adapter, "jumbo"));
    const frames = jumbo >= JUMBO_BYTES ? "jumbo frames" : "no jumbo frames";
    return `${textOf(adapter, "name")}: RDMA ${truthOf(adapter, "enabled") ? "enabled" : "disabled"}, ${frames}`;
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
