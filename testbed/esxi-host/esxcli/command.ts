/** What a command of esxcli is: its place, its options, and what it does with the host's state. */
import { CommandFailure } from "../failure.ts";
import type { Output } from "../format/output.ts";
import type { HostState } from "../state/state.ts";
import { FACTS, type VersionFacts } from "../versions.ts";

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** A flag has no value. */
  readonly type: "str" | "long" | "bool" | "flag";
  readonly required?: boolean;
  readonly help: string;
}

export interface Call {
  readonly state: HostState;
  readonly facts: VersionFacts;
  readonly nowMs: number;
  readonly options: Given;
}

export interface Command {
  /** As it is typed: `network vswitch standard add`. */
  readonly path: string;
  readonly help: string;
  readonly options: readonly Option[];
  /** Absent: every host offers it. */
  readonly isOffered?: (state: HostState) => boolean;
  readonly run: (call: Call) => Output;
}

/** The options that somebody gave, by their long names. */
export class Given {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  optional(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** The parser has refused a call without a required option. */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new Error(`the command reads --${name}, and does not require it`);
    return value;
  }

  number(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value)) throw new CommandFailure(`Invalid data constraint for parameter '${name}'.`);
    return Number(value);
  }

  bool(name: string): boolean | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (/^(true|1|yes|on|y|t)$/i.test(value)) return true;
    if (/^(false|0|no|off|n|f)$/i.test(value)) return false;
    throw new CommandFailure(`Invalid data constraint for parameter '${name}'.`);
  }
}

export function str(name: string, short: string | undefined, help: string, required = false): Option {
  return { name, ...(short !== undefined && { short }), type: "str", help, required };
}

export function requiredStr(name: string, short: string | undefined, help: string): Option {
  return str(name, short, help, true);
}

export function factsOf(state: HostState): VersionFacts {
  return FACTS[state.version];
}
