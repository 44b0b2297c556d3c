import { rowsOf, type Shown } from "./shown.ts";

/**
 * A test case for each measure. One that --max-loss judges passes, fails, or is skipped when nobody can tell; the others pass and
 * only tell. Read by Jenkins, GitLab and GitHub's reporters.
 */
export function junitText(shown: Shown): string {
  const rows = rowsOf(shown);
  const cases = rows.map(({ title, difference, sentence, judged }) => {
    const head = `    <testcase classname="${escaped(title)}" name="${escaped(difference.measure.title)}">\n`;
    const told = judged ? `${sentence}. Allowed loss: ${judged.sentence}` : sentence;
    const result =
      judged?.judgement === "fail"
        ? `      <failure message="${escaped(judged.sentence)}"/>\n`
        : judged?.judgement === "cannot-tell"
          ? `      <skipped message="${escaped(judged.sentence)}"/>\n`
          : "";
    return `${head}${result}      <system-out>${escaped(told)}</system-out>\n    </testcase>\n`;
  });
  const lost = shown.alone.filter(({ side }) => side === "base");
  const missing = lost.map(
    ({ title }) =>
      `    <testcase classname="${escaped(title)}" name="is measured">\n      <skipped message="the new runs have none with the same content"/>\n    </testcase>\n`,
  );
  const count = (judgement: string) => rows.filter(({ judged }) => judged?.judgement === judgement).length;
  const counts = `tests="${rows.length + lost.length}" failures="${count("fail")}" skipped="${count("cannot-tell") + lost.length}"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n`,
    `  <testsuite name="salvo compare ${escaped(shown.base)} ${escaped(shown.now)}" ${counts} errors="0">\n`,
    ...cases,
    ...missing,
    "  </testsuite>\n</testsuites>\n",
  ].join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Without the control characters that XML has no place for. */
function escaped(text: string): string {
  const plain = text.replaceAll(/\p{Cc}/gu, (found) => (/[\t\n\r]/.test(found) ? found : ""));
  return plain.replaceAll(/[&<>"]/g, (found) => ENTITIES[found] ?? found);
}
