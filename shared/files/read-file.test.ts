import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPlainFile, readPlainText } from "./read-file.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test("a plain file is read whole", async () => {
  expect(await readPlainText(file("plain", "lab: ä\n"), { bytesMax: 100 })).toBe("lab: ä\n");
  expect(await readPlainFile(file("full", "12345"), { bytesMax: 5 })).toEqual(Buffer.from("12345"));
});

test("a pipe that nobody writes to is refused at once, not waited for", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(readPlainFile(pipe, { bytesMax: 10 })).rejects.toMatchObject({ kind: "invalid-input", file: pipe });
});

test.each(["/dev/zero", "/proc/self", folder])("%s is not a plain file", async (path) => {
  await expect(readPlainFile(path, { bytesMax: 10 })).rejects.toMatchObject({ kind: "invalid-input" });
});

test("a file above the limit is refused, also one that says it is empty", async () => {
  await expect(readPlainFile(file("large", "123456"), { bytesMax: 5 })).rejects.toThrow(/has 6 bytes; at most 5/);
  // Files of /proc say that they have 0 bytes.
  await expect(readPlainFile("/proc/self/status", { bytesMax: 5 })).rejects.toThrow(/more than 5 bytes/);
});

test("a secret that others can read is refused, with the command that helps", async () => {
  const open = file("open", "secret", 0o640);
  await expect(readPlainFile(open, { bytesMax: 10, secret: true })).rejects.toMatchObject({
    kind: "refused",
    remedy: `Type: chmod 600 ${open}`,
  });
  expect(await readPlainText(file("own", "secret", 0o600), { bytesMax: 10, secret: true })).toBe("secret");
});

test("bytes that are no text, and a file that does not exist, are named", async () => {
  const bytes = file("bytes", Uint8Array.of(0xff, 0xfe));
  await expect(readPlainText(bytes, { bytesMax: 10 })).rejects.toMatchObject({ kind: "invalid-input", file: bytes });
  const missing = readPlainFile(join(folder, "none"), { bytesMax: 10, remedy: "Make one" });
  await expect(missing).rejects.toMatchObject({ kind: "not-found", file: join(folder, "none"), remedy: "Make one" });
});
