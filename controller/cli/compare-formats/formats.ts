import { csvText } from "./csv.ts";
import { jsonComparison } from "./json.ts";
import { junitText } from "./junit.ts";
import { markdownText } from "./markdown.ts";
import { comparisonText } from "./text.ts";
import type { Shown } from "./shown.ts";

/** How a comparison is written, by the name that --format takes. Each ends with a newline. */
export const FORMATS = {
  text: comparisonText,
  json: jsonComparison,
  junit: junitText,
  markdown: markdownText,
  csv: csvText,
} as const satisfies Readonly<Record<string, (shown: Shown) => string>>;

export type Format = keyof typeof FORMATS;
