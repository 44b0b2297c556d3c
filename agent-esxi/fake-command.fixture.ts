import type { FakeState } from "./fake-state.fixture.ts";

export type Row = Readonly<Record<string, string | number | boolean | readonly string[]>>;
export type Options = Readonly<Record<string, string>>;

/** Lists answer with rows, in the form that text has them in; the others change the state, and answer with a line or nothing. */
export type Command =
  | {
      readonly rows: (state: FakeState, options: Options) => readonly Row[];
      readonly form: "table" | "blocks" | "bare";
      readonly title?: string;
    }
  | { readonly change: (state: FakeState, options: Options) => string | void };

/** The host says no. */
export class Refused extends Error {}

export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Refused(what);
  return value;
}
