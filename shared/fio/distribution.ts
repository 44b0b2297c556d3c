/** Which blocks random I/O takes, as study files and fio write it: `zipf:1.2`, `zoned:60/10:40/90`. */

const EXAMPLES = "uniform, zipf:1.2, pareto:0.9, normal:20 or zoned:60/10:40/90";
const NUMBER = /^\d{1,3}(\.\d{1,4})?$/;
/** fio takes no more. */
const ZONES_MAX = 256;

/** What is wrong with the text: it reads on from the key's name. Undefined when fio takes it, and means what it says. */
export function distributionProblem(text: string): string | undefined {
  const [kind = "", ...values] = text.split(":");
  if (kind === "uniform" && values.length === 0) return undefined;
  if (kind === "zoned") return zonesProblem(values);
  const [value = ""] = values;
  const number = NUMBER.test(value) && values.length === 1 ? Number(value) : Number.NaN;
  switch (kind) {
    case "zipf":
      // The sum that zipf stands for has no form at 1.
      return number > 0 && number !== 1 ? undefined : `zipf needs a number above 0 that is not 1, as in zipf:1.2`;
    case "pareto":
      return number > 0 && number < 1 ? undefined : `pareto needs a number between 0 and 1, as in pareto:0.9`;
    case "normal":
      return number > 0 && number <= 100 ? undefined : `normal needs a deviation in percent, as in normal:20`;
    default:
      return `must be ${EXAMPLES}, not ${JSON.stringify(text)}`;
  }
}

function zonesProblem(zones: readonly string[]): string | undefined {
  if (zones.length < 2 || zones.length > ZONES_MAX)
    return `zoned needs 2 to ${ZONES_MAX} zones, as in zoned:60/10:40/90`;
  const shares = zones.map((zone) => /^(\d{1,3})\/(\d{1,3})$/.exec(zone));
  if (shares.includes(null)) return `zoned needs accesses and space of each zone in percent, as in zoned:60/10:40/90`;
  for (const [index, what] of [
    [1, "accesses"],
    [2, "space"],
  ] as const) {
    const sum = shares.reduce((total, match) => total + Number(match?.[index]), 0);
    if (sum !== 100) return `zoned needs 100 percent of ${what} in all zones, but has ${sum}`;
  }
  return shares.some((match) => Number(match?.[2]) === 0) ? "zoned has a zone without space" : undefined;
}
