export interface MeasuredFunction {
  /** From 1: the line that it begins on. */
  readonly line: number;
  /** To the end of its body, both included. */
  readonly length: number;
}

/** `if (a) {` and the like: a body, and of no function. */
const NO_FUNCTION = /^\s*(\} )?(if|else|for|while|switch|try|catch|do)\b/;
/** `foo(a: A): B {`, `): B {`, `(a) => {`, `async (a) => {` within a call. */
const BEGINS_BODY = /(\)(: .+)?|=>) \{$/;

/**
 * Every function with a body in braces, those within others too. The code must be formatted as oxfmt does it: then the line that
 * begins a function and the brace that ends it are indented alike, and nothing between them is.
 */
export function measureFunctions(lines: readonly string[]): MeasuredFunction[] {
  return lines.flatMap((line, index) => {
    if (!BEGINS_BODY.test(line)) return [];
    const indent = indentOf(line);
    const head = headOf(lines, index, indent);
    if (NO_FUNCTION.test(lines[head] ?? "")) return [];
    const length = lines.slice(index + 1).findIndex((each) => each.startsWith(`${indent}}`)) + 1;
    return { line: head + 1, length: index - head + length + 1 };
  });
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? "";
}

/** Parameters over several lines end with a line of `)` that is indented as the function is. */
function headOf(lines: readonly string[], end: number, indent: string): number {
  if (!/^ *(\)|\}.*\))/.test(lines[end] ?? "")) return end;
  for (let head = end - 1; head >= 0; head--)
    if (indentOf(lines[head] ?? "") === indent && lines[head]?.trim() !== "") return head;
  return end;
}
