import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { SalvoError } from "../kernel/error.ts";
import { expected } from "./fields.ts";
import { type Mistake, mistakesError, type Place } from "./mistakes.ts";
import { fieldAt, parentPath, shownName } from "./paths.ts";
import { checkMessage, type Violation } from "./rules.ts";
import { parseSyntax } from "./syntax.ts";
import { readTree } from "./walk.ts";

/** A message that was read from a file, and where in the file its values stand. */
export interface FromFile<T> {
  readonly file: string;
  /** All that the file has. */
  readonly text: string;
  readonly message: T;
  /** Where the value at a path like `scenarios[0].participants[1].agent` stands, or what it is missing from. */
  locate(path: string): Place;
  /** The invalid-input error for violations that were found in the message later, at their places in the file. */
  refuse(violations: readonly Violation[]): SalvoError;
}

/**
 * Reads a YAML text as a protobuf message: keys are the fields' JSON names, values with a unit carry it (`4KiB`, `10s`),
 * enums go by their short lower-case names, defaults and limits come from salvo/v1/rule.proto. `file` names it in errors.
 * Throws one invalid-input error with all mistakes, each as `file:line:column: message`.
 */
export function readYaml<Desc extends DescMessage>(
  schema: Desc,
  text: string,
  file: string,
): FromFile<MessageShape<Desc>> {
  const tree = parseSyntax(text, file);
  const message = create(schema);
  const { mistakes, offsets, broken } = readTree(tree, reflect(schema, message));

  const offsetOf = (path: string): number => offsets.get(path) ?? (path === "" ? 0 : offsetOf(parentPath(path)));
  const isBroken = (path: string): boolean => broken.has(path) || (path !== "" && isBroken(parentPath(path)));
  const toMistake = ({ path, message, unset }: Violation): Mistake => {
    const name = shownName(schema, path);
    const field = fieldAt(schema, path);
    const absent = unset && field && !offsets.has(path);
    return {
      offset: offsetOf(path),
      message: absent
        ? `${name} is missing: it must be ${field.fieldKind === "list" ? "a list, each entry " : ""}${expected(field)}`
        : `${name} ${message}`,
    };
  };
  const refuse = (violations: readonly Violation[], others: readonly Mistake[] = []) =>
    mistakesError(file, [...others, ...violations.map(toMistake)], tree.placeOf);

  const violations = checkMessage(schema, message).filter(({ path }) => !isBroken(path));
  if (mistakes.length > 0 || violations.length > 0) throw refuse(violations, mistakes);
  return { file, text, message, locate: (path) => tree.placeOf(offsetOf(path)), refuse: (found) => refuse(found) };
}
