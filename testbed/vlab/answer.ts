/** What a command printed in a guest's shell, taken out of what comes over its console. Pure. */

export interface Answer {
  readonly output: string;
  readonly exitCode: number;
}

/** What no terminal echoes as it was typed: these stand for themselves only when printf has made them. */
const BEGIN = "\u0002";
// oxlint-disable-next-line no-control-regex -- it is what the shell was told to print
const END = /\u0003(\d{1,3})\n$/;
/** The end, and not more of it than this, may be in two parts. */
const END_LENGTH_MAX = 5;

/** Takes part after part; gives the answer when it is whole. Each part is looked at once, however much has come before. */
export function createAnswer(): (part: string) => Answer | undefined {
  let parts: string[] | undefined;
  let end = "";
  return (part) => {
    let more = part;
    if (!parts) {
      const begin = part.indexOf(BEGIN);
      if (begin < 0) return undefined;
      parts = [];
      more = part.slice(begin + BEGIN.length);
    }
    parts.push(more);
    end = (end + more).slice(-END_LENGTH_MAX);
    const [found, code] = END.exec(end) ?? [];
    if (found === undefined) return undefined;
    return { output: parts.join("").slice(0, -found.length), exitCode: Number(code) };
  };
}
