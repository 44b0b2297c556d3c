/** Elements that have no end by definition; those of SVG may close themselves with a slash. */
const VOID = new Set(["!doctype", "area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"]);

/**
 * For tests: elements of a page that never end, and ends of elements that never began, in order. Empty for a page that is
 * well nested. Of attributes it knows only that their values are quoted.
 */
export function openElements(page: string): readonly string[] {
  const open: string[] = [];
  const stray: string[] = [];
  const text = page.replace(/<style>[\s\S]*?<\/style>/g, "");
  for (const [, end, name = "", rest = ""] of text.matchAll(
    /<(\/?)([!a-zA-Z][\w-]*)((?:\s+[^\s"'>/=]+(?:="[^"]*")?)*\s*\/?)>/g,
  )) {
    if (VOID.has(name.toLowerCase()) || rest.endsWith("/")) continue;
    if (end !== "/") open.push(name);
    else if (open.at(-1) === name) open.pop();
    else stray.push(`/${name}`);
  }
  return [...open, ...stray];
}
