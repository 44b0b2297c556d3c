import fc from "fast-check";
import { expect, test } from "vitest";
import { SalvoError } from "../kernel/error.ts";
import { damaged, fuzzRuns } from "../testing/fuzz.fixture.ts";
import { noTotals, parseDump } from "./dump.ts";
import { difference } from "./difference.ts";
import { RECORDED_RUNS, recordedDocuments, recordedOutput } from "./fixtures/recorded.ts";
import { createSplitter } from "./splitter.ts";
import { parseFioVersion } from "./version.ts";

const options = { numRuns: fuzzRuns(400) };
const DOCUMENTS = RECORDED_RUNS.flatMap((name) => recordedDocuments(name).slice(-2));
const documents = fc.constantFrom(...DOCUMENTS.keys()); // what failed is printed whole

/** A value, or the one kind of error that says it is none. */
function readOrRefused(read: () => unknown, kinds: readonly string[]): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SalvoError) || !kinds.includes(error.kind)) throw error;
    expect(error.message.length, "the message is short, whatever was read").toBeLessThan(1_000);
  }
}

test("a damaged document of fio's is read, or refused as what fio has failed in", () => {
  const bytes = documents.map((which) => Buffer.from(DOCUMENTS[which]!));
  fc.assert(
    fc.property(damaged(bytes), (bytes) =>
      readOrRefused(() => difference(noTotals(), parseDump(bytes.toString())), ["program-failed"]),
    ),
    options,
  );
});

test("a document whose numbers, keys and lists were exchanged for anything is read or refused", () => {
  const values = fc.oneof(
    fc.constantFrom(-1, 2 ** 53, 1e308, 0.5, null, [], {}, "", "9", true, [[]], { bins: { "-1": 1 } }),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(documents, fc.nat(), values, (document, which, value) => {
      const text = DOCUMENTS[document]!;
      const places = [...text.matchAll(/"[^"]*" :|[{[],/g)].length + 1;
      let at = 0;
      const changed = JSON.stringify(JSON.parse(text), (_, each: unknown) =>
        at++ === 1 + (which % places) ? value : each,
      );
      readOrRefused(() => difference(noTotals(), parseDump(changed)), ["program-failed"]);
    }),
    options,
  );
});

test("whatever fio prints, the pieces are within their limits", () => {
  const output = fc.constantFrom(...RECORDED_RUNS).map((name) => recordedOutput(name).subarray(0, 200_000));
  const limits = { documentBytesMax: 100_000, noiseBytesMax: 1_000 };
  fc.assert(
    fc.property(damaged(output), fc.integer({ min: 1, max: 70_000 }), (bytes, piece) => {
      const splitter = createSplitter(limits);
      readOrRefused(() => {
        for (let at = 0; at < bytes.length; at += piece)
          for (const document of splitter.push(bytes.subarray(at, at + piece)))
            expect(Buffer.byteLength(document)).toBeLessThanOrEqual(3 * limits.documentBytesMax); // of broken UTF-8
      }, ["out-of-resources"]);
      expect(Buffer.byteLength(splitter.noise)).toBeLessThanOrEqual(3 * limits.noiseBytesMax);
    }),
    { numRuns: fuzzRuns(60) },
  );
});

test("a line of a hundred megabytes is given up at its limit", () => {
  const splitter = createSplitter();
  const piece = Buffer.alloc(1 << 20, '{"a":"');
  expect(() => {
    for (let mib = 0; mib < 100; mib++) splitter.push(piece);
  }).toThrow("more than 4194304 bytes");
  const noise = createSplitter();
  for (let mib = 0; mib < 20; mib++) noise.push(Buffer.alloc(1 << 20, "x"));
  expect(noise.noise.length).toBeLessThanOrEqual(4096);
});

test("any text as fio's version is one, or refused", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string().map((text) => `fio-${text}`),
    fc.constantFrom("fio-3.33", "fio-99999999999.1"),
  );
  fc.assert(
    fc.property(texts, (text) => readOrRefused(() => parseFioVersion(text), ["program-failed", "invalid-input"])),
    { numRuns: fuzzRuns(2_000) },
  );
});
