/** As much of Markdown as is needed to check what our own pages say. */

export interface Page {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

export interface Link {
  readonly target: string;
  readonly anchor: string;
}

/** Links and images, without those to other sites. */
export function linksIn({ text }: Page): Link[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [target = "", anchor = ""] = link.split("#");
      return { target, anchor };
    });
}

/** The anchors that GitHub and GitLab give to headings: lower case, without punctuation, hyphens for space. */
export function anchorsIn({ text }: Page): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
}

/** What stands in code spans. */
export function spansIn({ text }: Page): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

/** What stands in code spans, and the lines of indented code. */
export function codeIn(page: Page): string[] {
  const blocks = page.text.split("\n").filter((line) => /^ {4,}\S/.test(line));
  return [...spansIn(page), ...blocks.map((line) => line.trim())];
}
