/** Markup that is safe to place in a page. Only `html` and `trusted` make it. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | undefined | false | readonly Html[];

/** Template tag: texts and numbers are escaped, Html is placed as it is, lists are joined, undefined and false vanish. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = texts[0] ?? "";
  for (const [index, part] of parts.entries()) markup += markupOf(part) + (texts[index + 1] ?? "");
  return { markup };
}

/** Markup that we made ourselves, of nothing foreign that is not escaped. */
export function trusted(markup: string): Html {
  return { markup };
}

/** For text and for quoted attribute values alike. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function markupOf(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  if ("markup" in part) return part.markup;
  return part.map((each) => each.markup).join("");
}
