import { expect, test } from "vitest";
import { csvRow } from "./csv.ts";

test("texts are quoted where they must be, and what is absent is empty", () => {
  expect(csvRow(["a", undefined, 1.5, 'say "b"', "c,d", "e\nf"])).toBe('a,,1.5,"say ""b""","c,d","e\nf"');
});

test.for(["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"])("no spreadsheet computes %j", (text) => {
  expect(csvRow([text])).toBe(`'${text}`);
});

test("a formula that begins in a new line, or has commas, is a quoted text", () => {
  expect(csvRow(['=HYPERLINK("http://x","y")', "\r=1"])).toBe(`"'=HYPERLINK(""http://x"",""y"")","'\r=1"`);
});

test.for(["-3", "+3.5", "-.5e-7"])("the number %s stays one", (text) => {
  expect(csvRow([text, Number(text)])).toBe(`${text},${Number(text)}`);
});
