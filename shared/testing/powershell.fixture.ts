/** What a PowerShell script consists of, by a real grammar: there is no PowerShell here to ask. For tests. */
import { createRequire } from "node:module";
import { Language, type Node, Parser } from "web-tree-sitter";

export interface PowerShell {
  /** Where the grammar does not know what is meant, and the text there. */
  readonly mistakes: readonly string[];
  /** Names of functions that are defined. */
  readonly functions: readonly string[];
  /** In their order; a command that is not a plain name, as after `&`, is its text. */
  readonly commands: readonly Command[];
  /** The names of types in brackets. */
  readonly types: readonly string[];
}

export interface Command {
  readonly name: string;
  /** `-LiteralPath` and the like, without the hyphen. */
  readonly parameters: readonly string[];
  /** The function that it is in; undefined at the top. */
  readonly within: string | undefined;
}

export async function parsePowerShell(text: string): Promise<PowerShell> {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
  const parser = new Parser().setLanguage(await Language.load(grammar));
  const root = parser.parse(text)?.rootNode;
  if (!root) throw new Error("the grammar gave no tree");
  const nodes = descendants(root);
  return {
    mistakes: nodes
      .filter(({ isError, isMissing }) => isError || isMissing)
      .map(({ startPosition: { row }, text: what }) => `line ${row + 1}: ${what.slice(0, 80)}`),
    functions: nodes.filter(({ type }) => type === "function_name").map((node) => node.text),
    commands: nodes.filter(({ type }) => type === "command").map(commandOf),
    types: nodes.filter(({ type }) => type === "type_literal").map((node) => node.text.slice(1, -1)),
  };
}

function commandOf(node: Node): Command {
  const parts = node.children.filter((child) => child !== null);
  const [first] = parts;
  const elements = parts.find(({ type }) => type === "command_elements");
  return {
    name: first?.type === "command_name" ? first.text : node.text,
    parameters: (elements?.children ?? [])
      .filter((child) => child?.type === "command_parameter")
      .map((child) => child?.text.replace(/^-/, "").replace(/:$/, "") ?? ""),
    within: functionAround(node),
  };
}

function functionAround(node: Node): string | undefined {
  for (let above = node.parent; above; above = above.parent)
    if (above.type === "function_statement")
      return above.children.find((child) => child?.type === "function_name")?.text;
  return undefined;
}

function descendants(node: Node): Node[] {
  return [node, ...node.children.filter((child) => child !== null).flatMap(descendants)];
}
