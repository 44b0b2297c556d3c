import { SalvoError } from "../kernel/error.ts";

/** What a message is about; one token of its subject, so that a reader can subscribe to one kind alone. */
export type Kind = "fio" | "cpu" | "disk" | "net" | "hv" | "event";

const KINDS: ReadonlySet<string> = new Set<Kind>(["fio", "cpu", "disk", "net", "hv", "event"]);
/** One token of a subject: the same names that labs, agents and runs may have. */
const TOKEN = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface RunSubject {
  readonly lab: string;
  readonly run: string;
  readonly kind: Kind;
  readonly agent: string;
}

export type ParsedSubject =
  | ({ readonly type: "run" } & RunSubject)
  | { readonly type: "presence"; readonly lab: string; readonly agent: string };

/** Throws `invalid-input` unless the text can be one token of a subject: a dot, blank or wildcard would be another subject. */
export function checkToken(what: string, text: string): string {
  if (TOKEN.test(text)) return text;
  throw new SalvoError("invalid-input", `${JSON.stringify(text)} cannot be the ${what} of a subject`, {
    remedy: "Use at most 63 lower-case letters, digits and hyphens",
  });
}

/** `salvo.<lab>.run.<run>.<kind>.<agent>`. Throws `invalid-input` for a name that is no token. */
export function runSubject({ lab, run, kind, agent }: RunSubject): string {
  return `salvo.${checkToken("lab", lab)}.run.${checkToken("run", run)}.${kind}.${checkToken("agent", agent)}`;
}

/** All that the agents of a lab record, of one run or of all. */
export function runSubjects(lab: string, run?: string): string {
  const runs = `salvo.${checkToken("lab", lab)}.run`;
  return run === undefined ? `${runs}.>` : `${runs}.${checkToken("run", run)}.>`;
}

/** `salvo.<lab>.agent.<agent>.presence`; without an agent the presence of all. */
export function presenceSubject(lab: string, agent?: string): string {
  return `salvo.${checkToken("lab", lab)}.agent.${agent === undefined ? "*" : checkToken("agent", agent)}.presence`;
}

/** The stream that keeps what `runSubjects(lab)` carries. */
export function streamName(lab: string): string {
  return `salvo-${checkToken("lab", lab)}`;
}

/** Undefined for a subject that is none of ours. */
export function parseSubject(subject: string): ParsedSubject | undefined {
  const [salvo, lab, what, ...rest] = subject.split(".");
  if (salvo !== "salvo" || !isToken(lab)) return undefined;
  if (what === "run") {
    const [run, kind, agent, ...more] = rest;
    if (!isToken(run) || !isKind(kind) || !isToken(agent) || more.length > 0) return undefined;
    return { type: "run", lab, run, kind, agent };
  }
  if (what === "agent") {
    const [agent, presence, ...more] = rest;
    if (!isToken(agent) || presence !== "presence" || more.length > 0) return undefined;
    return { type: "presence", lab, agent };
  }
  return undefined;
}

function isToken(text: string | undefined): text is string {
  return text !== undefined && TOKEN.test(text);
}

function isKind(text: string | undefined): text is Kind {
  return text !== undefined && KINDS.has(text);
}
