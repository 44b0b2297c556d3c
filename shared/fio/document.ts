import { SalvoError } from "../kernel/error.ts";

const EXCERPT_CHARS = 120;

/** An object within a document of fio's: every question that it cannot answer ends in an error that says where and why. */
export interface FioObject {
  has(key: string): boolean;
  /** A whole number from 0 to 2^53. */
  count(key: string): number;
  object(key: string): FioObject;
  list(key: string): FioObject[];
  /** Calls back for each value, all of which must be whole numbers. */
  eachCount(take: (key: string, count: number) => void): void;
  /** The error for a value of this object that Salvo cannot use. */
  unusable(why: string): SalvoError;
}

/** Parses a json document of fio's. It and what it returns throw program-failed, with an excerpt of what fio printed. */
export function readDocument(text: string): FioObject {
  const unusable = (path: string, why: string, excerpt: unknown, cause?: unknown) =>
    new SalvoError("program-failed", `fio printed a document that Salvo cannot use: ${path}: ${why}: ${cut(excerpt)}`, {
      remedy: "Run fio by hand with the same job file and look at what it prints",
      cause,
    });

  const objectAt = (value: unknown, path: string): FioObject => {
    if (!isObject(value)) throw unusable(path, "no object", value ?? text);
    const read = (key: string): unknown => {
      if (!Object.hasOwn(value, key)) throw unusable(path, `no "${key}"`, value);
      return value[key];
    };
    const count = (key: string): number => {
      const number = read(key);
      if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
      throw unusable(`${path}.${key}`, "no whole number from 0 to 2^53", number);
    };
    return {
      has: (key) => Object.hasOwn(value, key),
      count,
      object: (key) => objectAt(read(key), `${path}.${key}`),
      list(key) {
        const list = read(key);
        if (!Array.isArray(list)) throw unusable(`${path}.${key}`, "no list", list);
        return list.map((item, index) => objectAt(item, `${path}.${key}[${index}]`));
      },
      eachCount(take) {
        for (const key of Object.keys(value)) take(key, count(key));
      },
      unusable: (why) => unusable(path, why, value),
    };
  };

  try {
    return objectAt(JSON.parse(text), "document");
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable("document", error.message, text, error);
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cut(excerpt: unknown): string {
  const text = typeof excerpt === "string" ? excerpt : JSON.stringify(excerpt);
  return text.length <= EXCERPT_CHARS ? text : `${text.slice(0, EXCERPT_CHARS)}…`;
}
