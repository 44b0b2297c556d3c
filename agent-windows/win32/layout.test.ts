/** The structures are those of mingw's headers: a program in C prints where each field is. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CODES,
  DESCRIPTOR,
  DEVICE_NUMBER,
  EXTENT,
  EXTENTS,
  GEOMETRY,
  LENGTH,
  PERFORMANCE as DISK,
} from "./device-control.ts";
import { INTERFACE } from "./interfaces.ts";
import { LIMITS } from "./job-object.ts";
import { type Layout, layout, readField } from "./layout.ts";
import { GROUP_AFFINITY } from "./numa.ts";
import { RAW_COUNTER } from "./pdh.ts";
import { FILE_INFORMATION } from "./pinned-file.ts";
import { PERFORMANCE } from "./processor-times.ts";

const COMPILER = "x86_64-w64-mingw32-gcc-posix";

const LAYOUTS: readonly Layout<string>[] = [
  PERFORMANCE,
  LIMITS,
  FILE_INFORMATION,
  GROUP_AFFINITY,
  RAW_COUNTER,
  INTERFACE,
  LENGTH,
  DEVICE_NUMBER,
  GEOMETRY,
  DESCRIPTOR,
  EXTENTS,
  EXTENT,
  DISK,
];

/** Where mingw's header has another name for a field, or the field is in a structure of its own. */
const IN_HEADER: Readonly<Record<string, string>> = {
  "SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION.DpcTime": "Reserved1[0]",
  "SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION.InterruptTime": "Reserved1[1]",
  "SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION.InterruptCount": "Reserved2",
  "JOBOBJECT_EXTENDED_LIMIT_INFORMATION.LimitFlags": "BasicLimitInformation.LimitFlags",
};

const hasCompiler = (() => {
  try {
    execFileSync(COMPILER, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(`skipped: the sizes of Windows' structures, as ${COMPILER} is missing (scripts/setup test)\n`);
    return false;
  }
})();

describe.runIf(hasCompiler)("with mingw's headers", () => {
  test("every structure has its size, and every field its place", () => {
    const claims = LAYOUTS.flatMap(({ name, bytes, fields }) => [
      `_Static_assert(sizeof(${name}) == ${bytes}, "${name} has ${bytes} bytes");`,
      ...Object.entries(fields).map(([field, [at]]) => {
        const path = IN_HEADER[`${name}.${field}`] ?? field;
        return `_Static_assert(offsetof(${name}, ${path}) == ${at}, "${name}.${field} is at ${at}");`;
      }),
    ]);
    const codes = Object.entries(CODES).map(
      ([name, code]) => `_Static_assert(${name} == ${code}, "${name} is ${code}");`,
    );
    expect(compiled([...claims, ...codes])).toBe("");
  });

  test("a claim that is wrong is told", () => {
    expect(compiled(['_Static_assert(sizeof(BY_HANDLE_FILE_INFORMATION) == 56, "no");'])).toContain("no");
  });
});

/** What the compiler said; nothing when all is right. */
function compiled(claims: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "salvo-layout-"));
  try {
    const source = join(folder, "claims.c");
    const headers = [
      "stddef.h",
      "winsock2.h",
      "ws2ipdef.h",
      "windows.h",
      "winternl.h",
      "winioctl.h",
      "iphlpapi.h",
      "pdh.h",
    ];
    const lines = ["#define _WIN32_WINNT 0x0A00", ...headers.map((name) => `#include <${name}>`), ...claims, ""];
    writeFileSync(source, lines.join("\n"));
    execFileSync(COMPILER, ["-fsyntax-only", source], { encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    return error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a field is read where it is, in its own type", () => {
  const shape = layout("S", 16, { a: [0, "u8"], b: [2, "u16"], c: [4, "i32"], d: [8, "u64"] });
  const bytes = Buffer.from("aa00ffff0000008000000000000000000001000000000000" + "00".repeat(8), "hex");
  const at = (field: "a" | "b" | "c" | "d") => readField(bytes, shape, field);
  expect([at("a"), at("b"), at("c")]).toEqual([0xaa, 0xffff, -0x8000_0000]);
  expect(readField(bytes, shape, "d", 8)).toBe(0x0100);
});

test("a field that is not aligned, or beyond the end, is a bug", () => {
  expect(() => layout("S", 8, { a: [2, "u32"] })).toThrow("S.a is not aligned");
  expect(() => layout("S", 8, { a: [8, "u32"] })).toThrow("S.a is beyond the 8 bytes");
});
