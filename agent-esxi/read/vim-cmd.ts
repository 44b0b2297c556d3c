/** vim-cmd's own formats: a list of VMs, the state of power, and objects of the vSphere API written as (type) {...}. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { unreadable } from "./answer.ts";

export interface Vm {
  /** Of vim-cmd; not the world's id, which esxtop and esxcli show. */
  readonly id: number;
  readonly name: string;
  /** The datastore and the path on it: [datastore1] x8/x8.vmx */
  readonly datastore: string;
  readonly path: string;
}

/**
 * `vim-cmd vmsvc/getallvms`. Headings are centred and names have blanks and dots, so a row is read by its id and its
 * [datastore] path.vmx; annotations may have several lines, which begin with no such thing.
 */
export function readVms(text: string): Vm[] {
  const lines = text.split(/\r?\n/);
  const heading = lines.findIndex((line) => /^\s*Vmid\s+Name\s+File\s+Guest OS\s+Version\s+Annotation\s*$/.test(line));
  if (heading === -1) throw unreadable(text, "there is no line of headings");
  return lines.slice(heading + 1).flatMap((line) => {
    const match = /^(\d+)\s+(.*?)\s+\[([^\]]+)\] (.*?\.vmx)(\s|$)/.exec(line);
    if (!match) return [];
    const [, id = "", name = "", datastore = "", path = ""] = match;
    return [{ id: Number(id), name, datastore, path }];
  });
}

export type Power = "on" | "off" | "suspended";

const POWER: Readonly<Record<string, Power>> = { "Powered on": "on", "Powered off": "off", Suspended: "suspended" };

/** `vim-cmd vmsvc/power.getstate <id>` */
export function readPower(text: string): Power {
  const last = text.trim().split(/\r?\n/).at(-1)?.trim() ?? "";
  const power = POWER[last];
  if (power !== undefined) return power;
  throw unreadable(text, "it does not tell whether the VM is powered on");
}

/** What `(vim.vm.GuestInfo) {...}` holds. undefined: <unset>. */
export type VimValue = undefined | string | number | boolean | readonly VimValue[] | VimObject;

export interface VimObject {
  /** vim.vm.GuestInfo */
  readonly type: string;
  readonly fields: ReadonlyMap<string, VimValue>;
}

const TOKEN =
  /\s*(?:\(([\w.[\]]+)\)\s*(\{|\[|null|<unset>)?|"((?:[^"\\]|\\.)*)"|(<unset>|null)|(true|false)\b|(-?\d+(?:\.\d+)?)\b|'([^']*)'|([A-Za-z_]\w*)|([{}[\],=:]))/gy;

interface Token {
  readonly kind: "object" | "list" | "value" | "word" | "sign" | "end";
  readonly text: string;
  readonly value?: VimValue;
}

/** The first object in the text, which may have lines above it ("Guest information:"). */
export function readVimObject(text: string): VimObject {
  const start = text.search(/^\([\w.]+\) \{/m);
  if (start === -1) throw unreadable(text, "there is no (type) {");
  const value = new VimReader(text, start).value();
  if (isVimObject(value)) return value;
  throw unreadable(text, "it is no object");
}

export function isVimObject(value: VimValue): value is VimObject {
  return typeof value === "object" && value !== null && "fields" in value;
}

class VimReader {
  readonly #text: string;
  #at: number;
  #ahead: Token | undefined;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  value(): VimValue {
    const token = this.#next();
    if (token.kind === "value") return token.value;
    // An enumeration is a word; a reference to a managed object, 'vim.HostSystem:ha-host', is a text in quotes.
    if (token.kind === "word") return token.text;
    if (token.kind === "object") return { type: token.text, fields: this.#fields() };
    if (token.kind === "list") return this.#list();
    throw this.#wrong(token);
  }

  #fields(): Map<string, VimValue> {
    const fields = new Map<string, VimValue>();
    for (;;) {
      const token = this.#next();
      if (token.text === "}" && token.kind === "sign") return fields;
      if (token.text === "," && token.kind === "sign") continue;
      if (token.kind !== "word") throw this.#wrong(token);
      const equals = this.#next();
      if (equals.text !== "=") throw this.#wrong(equals);
      fields.set(token.text, this.value());
    }
  }

  #list(): VimValue[] {
    const values: VimValue[] = [];
    for (;;) {
      const token = this.#next();
      if (token.text === "]" && token.kind === "sign") return values;
      if (token.text === "," && token.kind === "sign") continue;
      this.#ahead = token;
      values.push(this.value());
    }
  }

  #next(): Token {
    if (this.#ahead) {
      const token = this.#ahead;
      this.#ahead = undefined;
      return token;
    }
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw unreadable(this.#text, `from its character ${this.#at + 1} on it is no object of vim-cmd`);
    this.#at = TOKEN.lastIndex;
    return tokenOf(match, () => this.#next());
  }

  #wrong({ text }: Token): SalvoError {
    return unreadable(this.#text, `"${text}" is where none can be`);
  }
}

function tokenOf(match: RegExpExecArray, next: () => Token): Token {
  const [, type, opens, quoted, unset, flag, number, reference, word, sign] = match;
  if (type !== undefined) {
    if (opens === "{") return { kind: "object", text: type };
    if (opens === "[") return { kind: "list", text: type };
    if (opens !== undefined) return { kind: "value", text: opens, value: undefined };
    return next(); // the type of a plain value: (string) "x"
  }
  if (quoted !== undefined) return { kind: "value", text: quoted, value: quoted.replaceAll(/\\(.)/g, "$1") };
  if (unset !== undefined) return { kind: "value", text: unset, value: undefined };
  if (flag !== undefined) return { kind: "value", text: flag, value: flag === "true" };
  if (number !== undefined) return { kind: "value", text: number, value: Number(number) };
  if (reference !== undefined) return { kind: "value", text: reference, value: reference };
  if (word !== undefined) return { kind: "word", text: word };
  return sign === "[" ? { kind: "list", text: "[" } : { kind: "sign", text: sign ?? "" };
}

/** What vim-cmd said when it did not do it: vim.fault.NotFound, and what it says to people. Undefined when it did. */
export interface Fault {
  readonly type: string;
  readonly message: string;
}

export function faultIn(said: string): Fault | undefined {
  const type = /\((vim\.fault\.\w+|vmodl\.fault\.\w+)\)/.exec(said)?.[1];
  const message = said
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => /^(Unable to|Current license|.* failed\b|Connect to localhost failed)/.test(line));
  if (type === undefined && message === undefined) return undefined;
  return { type: type ?? "", message: message ?? "" };
}

/** The error that a fault is. */
export function faultError({ type, message }: Fault): SalvoError {
  const text = [message, type].filter((part) => part !== "").join(" ");
  if (type.endsWith("NotFound") || message.startsWith("Unable to find")) return new SalvoError("not-found", text);
  if (type.endsWith("RestrictedVersion") || message.startsWith("Current license"))
    return new SalvoError("refused", text, {
      remedy: "The host's licence does not allow it: do it by the host's own client",
    });
  return new SalvoError("program-failed", text);
}
