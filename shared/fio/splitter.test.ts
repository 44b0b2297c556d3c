import * as fc from "fast-check";
import { expect, test } from "vitest";
import { recordedOutput } from "./fixtures/recorded.ts";
import { createSplitter } from "./splitter.ts";

function split(output: Buffer, cuts: readonly number[] = []): { documents: string[]; noise: string } {
  const splitter = createSplitter();
  const edges = [0, ...cuts.map((cut) => cut % (output.length + 1)).sort((a, b) => a - b), output.length];
  const documents = edges.slice(1).flatMap((end, index) => splitter.push(output.subarray(edges[index], end)));
  return { documents, noise: splitter.noise };
}

test("what fio prints around its documents is noise", () => {
  const { documents, noise } = split(recordedOutput("libaio-randread-4-jobs"));
  expect(documents.map((document) => JSON.parse(document)["fio version"])).toEqual(Array(3).fill("fio-3.33"));
  expect(noise).toBe(Array(4).fill("job : Saving output of prerun in job.prerun.txt").join("\n"));
});

test("however the output is chopped, the documents and the noise are the same", () => {
  const json = fc.json({ maxDepth: 3 }).map((value) => `{"a": ${value}}`);
  const braces = fc.constantFrom('{"}": "{\\"}{"}', '{"\\\\":{"x":"\\\\\\""}}', "{}", '{"é€😀": "}"}');
  const noise = fc.constantFrom("fio: {an error} in job\n", '"quoted {\n', " \t\n", "\n", "");
  const output = fc.array(fc.tuple(noise, fc.oneof(json, braces)), { maxLength: 6 });
  fc.assert(
    fc.property(output, fc.array(fc.nat()), (parts, cuts) => {
      const text = Buffer.from(parts.flat().join(""));
      const whole = split(text);
      expect(whole.documents).toEqual(parts.map(([, document]) => document));
      expect(split(text, cuts)).toEqual(whole);
      expect(split(text, [...text.keys()])).toEqual(whole);
    }),
  );
});

test("a document that fio did not finish is none, and no noise", () => {
  expect(split(Buffer.from('{"a": 1}\n{"b": "}'))).toEqual({ documents: ['{"a": 1}'], noise: "" });
});

test("a document over the limit is refused as soon as the limit is passed", () => {
  const splitter = createSplitter({ documentBytesMax: 10 });
  expect(splitter.push(Buffer.from('{"a":1234}'))).toHaveLength(1);
  splitter.push(Buffer.from('{"a":'));
  expect(() => splitter.push(Buffer.from("123456"))).toThrow(expect.objectContaining({ kind: "out-of-resources" }));
});

test("of much noise the end is kept", () => {
  const splitter = createSplitter({ noiseBytesMax: 12 });
  for (const line of ["first\n", "second\n", "thi", "rd\n"]) splitter.push(Buffer.from(line));
  expect(splitter.noise).toBe("econd\nthird");
});
