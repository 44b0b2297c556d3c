/** What others say goes into entries as well: no text of theirs may keep a deed out of the log. */
import { assert } from "../kernel/assert.ts";
import { type Happening, LINE_BYTES_MAX } from "./entry.ts";

/** What a line has beside texts: number, time, hashes. */
const FRAME_BYTES_MAX = 1_024;
const EXCERPT_CHARS = 2_000;
const WITHHELD = "(withheld: it looks like a secret)";

/** As much of a text as a log needs, and that it is not all; nothing of one that looks like a secret. */
export function excerpt(text: string, charsMax = EXCERPT_CHARS): string {
  if (isSecret(text)) return WITHHELD;
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax).toWellFormed()}... (${text.length - charsMax} characters more)`;
}

/** The same, with texts that fit in a line; the longest are cut. */
export function fit(happening: Happening): Happening {
  for (let charsMax = LINE_BYTES_MAX; ; charsMax /= 2) {
    assert(charsMax >= 1, `the names of the details of ${happening.what} fill a line`);
    const fitted = eachText(happening, (text) => excerpt(text, charsMax));
    if (Buffer.byteLength(JSON.stringify(fitted)) <= LINE_BYTES_MAX - FRAME_BYTES_MAX) return fitted;
  }
}

function eachText(happening: Happening, change: (text: string) => string): Happening {
  const details = Object.entries(happening.details).map(
    ([name, value]) => [name, typeof value === "string" ? change(value) : value] as const,
  );
  const texts = { who: change(happening.who), what: change(happening.what), details: Object.fromEntries(details) };
  return happening.kind === "end"
    ? { ...happening, ...texts, message: change(happening.message) }
    : { ...happening, ...texts };
}

/** Of the kinds that Salvo has: a private key, the secret of a token. What callers pass on is checked, once more. */
function isSecret(text: string): boolean {
  return /PRIVATE KEY|[0-9a-f]{16}\.[\w-]{43}\./.test(text);
}
