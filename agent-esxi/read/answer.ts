/**
 * What an ESXi host answered, in one form whatever formatter it was printed by: a list of things with fields. Names of fields are
 * compared without case, blanks and punctuation, as hosts and formatters write them differently ("Is RDM Capable", "IsRDMCapable").
 */
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** A field as it was printed. Lists of one formatter are texts with commas in another: see Item.list. */
export type Value = string | readonly string[];

export interface Item {
  /** A block of text has a line above its fields. It is empty in other forms. */
  readonly title: string;
  /** By normalized name. */
  readonly fields: ReadonlyMap<string, Value>;
}

export interface Answer {
  readonly items: readonly Item[];
  /** As it was printed, for messages. */
  readonly text: string;
}

export function fieldName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

export function itemOf(title: string, fields: Iterable<readonly [string, Value]>): Item {
  return { title, fields: new Map([...fields].map(([name, value]) => [fieldName(name), value])) };
}

/** A text of an unknown shape is an error that shows it: nobody may take it for an empty list. */
export function unreadable(text: string, why: string): SalvoError {
  return new SalvoError("program-failed", `the host's answer cannot be read: ${why}: ${shown(text)}`, {
    remedy: "Report this text, with the version of the host (esxcli system version get)",
  });
}

const SHOWN_CHARS_MAX = 500;

function shown(text: string): string {
  const whole = JSON.stringify(text);
  return whole.length <= SHOWN_CHARS_MAX ? whole : `${whole.slice(0, SHOWN_CHARS_MAX)}... (${text.length} characters)`;
}

/** Reads the fields of one thing. Every method throws when the field is not there or not of that kind. */
export class Fields {
  readonly #item: Item;
  readonly #text: string;

  constructor(item: Item, text: string) {
    this.#item = item;
    this.#text = text;
  }

  get title(): string {
    return this.#item.title;
  }

  has(...names: readonly string[]): boolean {
    return this.#find(names) !== undefined;
  }

  /** The first of these that is there: names differ between versions. */
  text(...names: readonly string[]): string {
    const value = this.#get(names);
    return (typeof value === "string" ? value : value.join(", ")).trim();
  }

  /** As text; empty when there is none. */
  textIfAny(...names: readonly string[]): string {
    return this.has(...names) ? this.text(...names) : "";
  }

  /** Parts between commas, or a list as it is. An empty text has none. */
  list(...names: readonly string[]): string[] {
    const value = this.#get(names);
    const parts = typeof value === "string" ? value.split(",") : value;
    return parts.map((part) => part.trim()).filter((part) => part !== "");
  }

  flag(...names: readonly string[]): boolean {
    const text = this.text(...names).toLowerCase();
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    throw unreadable(this.#text, `${names[0]} is neither true nor false but ${text}`);
  }

  number(...names: readonly string[]): number {
    const text = this.text(...names);
    const number = Number(text);
    if (text !== "" && Number.isFinite(number)) return number;
    throw unreadable(this.#text, `${names[0]} is no number but "${text}"`);
  }

  #find(names: readonly string[]): Value | undefined {
    for (const name of names) {
      const value = this.#item.fields.get(fieldName(name));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #get(names: readonly string[]): Value {
    const value = this.#find(names);
    if (value !== undefined) return value;
    throw unreadable(this.#text, `there is no ${names.join(" or ")}`);
  }
}

export function fieldsOf({ items, text }: Answer): Fields[] {
  return items.map((item) => new Fields(item, text));
}

/** Of an answer that has exactly one thing. */
export function onlyFields(answer: Answer): Fields {
  const [only, ...others] = answer.items;
  if (only && others.length === 0) return new Fields(only, answer.text);
  throw unreadable(answer.text, `it has ${answer.items.length} things, and one was expected`);
}
