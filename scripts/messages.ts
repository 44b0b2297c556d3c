/**
 * docs/messages.txt: every text of the product that a person may read, so that they can be read in one go.
 * `scripts/tool node scripts/messages.ts` writes it; scripts/messages.test.ts fails when it is stale.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSources, type Source } from "./sources.ts";
import { textsIn } from "./texts.ts";

export const MESSAGES_FILE = join(import.meta.dirname, "../docs/messages.txt");

const HEAD = `All texts of the product that a person may read, by file. {name} stands for what is filled in.
Written by scripts/messages.ts from the source: change the source, then type: scripts/tool node scripts/messages.ts
`;

export function messagesOf(sources: readonly Source[]): string {
  const parts = sources
    .filter(({ forTests }) => !forTests)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap(({ path, text }) => {
      const texts = textsIn(text).filter(isForPeople);
      return texts.length > 0 ? [`${path}\n${texts.map((each) => `  ${each}\n`).join("")}`] : [];
    });
  return [HEAD, ...parts].join("\n");
}

/** Programs' own languages have words too. */
const CODE =
  /^(?:SELECT|WITH|COPY|CREATE|INSERT|SET|ATTACH|BEGIN|COMMIT)\b|<\/?[a-z]+[^>]*>|[{;][\w-]+:[^ ]|=>|\);|^#!/;

/** Three words at least, with a lower-case one among them. */
function isForPeople(text: string): boolean {
  const words = text.split(" ").filter((word) => /^["'(]?[A-Za-z][\w'-]*[,.:;)"'?!]*$/.test(word));
  return words.length >= 3 && words.some((word) => /^[a-z]{2,}/.test(word)) && !CODE.test(text);
}

if (import.meta.main) writeFileSync(MESSAGES_FILE, messagesOf(readSources()));
