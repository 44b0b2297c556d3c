import { type Alias, Composer, type Document, isAlias, Lexer, LineCounter, type Node, Parser, visit } from "yaml";
import { type Mistake, mistakesError, type Place } from "./mistakes.ts";

export const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Lab and study files nest seven deep. The library recurses, and would end on a full stack or heap. */
const DEPTH_MAX = 100;
/** Words, marks and gaps: a study of ten thousand participants has 150,000. Twice as many take a second or two. */
const LEXEMES_MAX = 300_000;

/** A file's text as a tree whose nodes know where they stand. */
export interface SyntaxTree {
  /** Undefined for a file without content. */
  readonly root: Node | undefined;
  readonly placeOf: (offset: number) => Place;
  /** The node that stands for an alias (*name): the last one before it with that anchor. */
  readonly targetOf: (alias: Alias) => Node | undefined;
}

/**
 * Parses one YAML 1.2 document. All scalars stay texts: what a text means is up to the field it is for. Throws
 * invalid-input with every syntax error.
 */
export function parseSyntax(text: string, file: string): SyntaxTree {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const fail = (...mistakes: Mistake[]) => mistakesError(file, mistakes, placeOf);

  if (Buffer.byteLength(text) > FILE_BYTES_MAX)
    throw fail({ offset: 0, message: `the file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB` });

  function* tokens() {
    const parser = new Parser(lines.addNewLine);
    let lexemes = 0;
    for (const lexeme of new Lexer().lex(text)) {
      yield* parser.next(lexeme);
      lexemes += 1;
      const { offset } = parser;
      if (parser.stack.length > DEPTH_MAX)
        throw fail({ offset, message: `lists and keys nest more than ${DEPTH_MAX} deep` });
      if (lexemes > LEXEMES_MAX) throw fail({ offset, message: `the file has more than ${LEXEMES_MAX} words` });
    }
    yield* parser.end();
  }
  const composer = new Composer({
    schema: "failsafe",
    // The library compares all pairs of keys; yaml.ts looks for duplicates in one pass.
    uniqueKeys: false,
  });

  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokens(), true, text.length)) {
    documents.push(document);
    if (documents.length > 1) break;
  }
  const [document, second] = documents;
  const mistakes = (document?.errors ?? []).map(({ message, pos }) => ({
    offset: pos[0],
    message: `this is not valid YAML: ${message.slice(0, 200).replaceAll(/\s+/g, " ")}`,
  }));
  if (second)
    mistakes.push({ offset: second.range[0], message: "a second document begins here (---): write one per file" });
  if (mistakes.length > 0) throw fail(...mistakes);

  const targets = resolveAliases(document);
  return { root: document?.contents ?? undefined, placeOf, targetOf: (alias) => targets.get(alias) };
}

/** In one pass: Alias.resolve() of the library walks the whole document for each. */
function resolveAliases(document: Document.Parsed | undefined): Map<Alias, Node> {
  const anchored = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  if (document)
    visit(document, {
      Node(_, node) {
        if (isAlias(node)) {
          const target = anchored.get(node.source);
          if (target) targets.set(node, target);
        } else if (node.anchor) anchored.set(node.anchor, node);
      },
    });
  return targets;
}
