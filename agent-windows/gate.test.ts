import { expect, test } from "vitest";
import { gateLine } from "./gate.ts";

test("the line waits at the pipe, looks for the file, and ends with an exit code that fio's redirection cannot change", () => {
  const line = gateLine("\\\\.\\pipe\\salvo-00ff");
  expect(`${line} > job.prerun.txt 2>&1`).toBe(
    "set /p x=<\\\\.\\pipe\\salvo-00ff & (if not exist go exit 1) & exit 0 > job.prerun.txt 2>&1",
  );
  expect(line).not.toMatch(/[;\n\r]/);
});

test.for(["\\\\.\\pipe\\a b", "\\\\.\\pipe\\a&calc", "\\\\host\\pipe\\a", "C:\\a", ""])(
  "%j is no pipe for a gate",
  (pipe) => {
    expect(() => gateLine(pipe)).toThrow("is no pipe for a gate");
  },
);
