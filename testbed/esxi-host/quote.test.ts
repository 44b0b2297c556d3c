/** The one function that quotes arguments, through a shell like ESXi's. */
import fc from "fast-check";
import { shellLine } from "@salvo/shared/ssh/quote.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ssh } from "./host.fixture.ts";
import { type EsxiHost, startEsxiHost } from "./start.ts";

const RUNS = Number(process.env["SALVO_FUZZ"] ?? 15);
const HOSTILE = [
  "'",
  '"',
  "\\",
  "$(reboot)",
  "`reboot`",
  "\n",
  "\r",
  "*",
  "~",
  "!",
  "#",
  ";",
  "&",
  "|",
  "-n",
  "%s",
  "$0",
];

let host: EsxiHost;
beforeAll(async () => {
  host = await startEsxiHost();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test(
  "the host's shell makes exactly the arguments of a quoted line that were quoted",
  { timeout: 600_000 },
  async () => {
    const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 8 }));
    const argument = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("").replaceAll("\0", ""));
    // Many at once: a session takes longer than its command.
    const batch = fc.array(argument, { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(batch, async (given) => {
        const { stdout, exitCode } = await ssh(host, shellLine(["printf", String.raw`%s\0`, ...given]));
        expect(exitCode).toBe(0);
        expect(stdout.split("\0").slice(0, -1)).toEqual(given);
      }),
      { numRuns: RUNS },
    );
  },
);
