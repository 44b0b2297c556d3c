import { expect, test } from "vitest";
import { parseFioVersion, requireFioVersion } from "./version.ts";

test("releases and builds between them are understood", () => {
  expect(parseFioVersion("fio-3.33\n")).toEqual({ major: 3, minor: 33 });
  expect(parseFioVersion("fio-3.33-12-gabc1234")).toEqual({ major: 3, minor: 33 });
  expect(parseFioVersion("fio-3.42-135-gf5344384-dirty")).toEqual({ major: 3, minor: 42 });
});

test.for(["", "3.33", "fio-3", "fio 3.33", "sh: fio: not found"])(
  "%j is no version, and the error quotes it",
  (text) => {
    expect(() => parseFioVersion(text)).toThrow(`fio --version said ${JSON.stringify(text)}`);
  },
);

test("a fio that is too old is refused with what to do about it", () => {
  expect(() => requireFioVersion({ major: 3, minor: 30 })).not.toThrow();
  expect(() => requireFioVersion({ major: 4, minor: 0 })).not.toThrow();
  const old = () => requireFioVersion({ major: 3, minor: 29 });
  expect(old).toThrow(expect.objectContaining({ kind: "refused", message: "fio 3.29 is too old" }));
  expect(() => requireFioVersion({ major: 2, minor: 99 })).toThrow("too old");
});
