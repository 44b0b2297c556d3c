import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HEADER_BYTES } from "./format.ts";
import { readJournal } from "./reader.ts";
import { openJournal } from "./writer.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-journal-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a journal on a real disk is closed, opened again and read by another reader", async () => {
  const path = join(folder, "journal");
  const first = await openJournal(path);
  first.append(Buffer.from("one"));
  await first.close();
  const second = await openJournal(path);
  expect(second.append(Buffer.from("two"))).toBe(2);
  await second.close();
  const read: string[] = [];
  for await (const { seq, payload } of readJournal(path)) read.push(`${seq} ${Buffer.from(payload).toString()}`);
  expect(read).toEqual(["1 one", "2 two"]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path)).length).toBe(HEADER_BYTES + 2 * (12 + 3));
});

test("a journal that cannot be opened says why and where", async () => {
  const path = join(folder, "missing", "journal");
  await expect(openJournal(path)).rejects.toMatchObject({ kind: "not-found", file: path });
  await expect(openJournal(folder)).rejects.toThrow(expect.objectContaining({ name: "SalvoError" }));
});

test.runIf(process.getuid?.() === 0)(
  "a file system that is really full fails the journal and keeps what was durable",
  async () => {
    mount("-t", "tmpfs", "-o", "size=64k", "salvo-test", folder);
    try {
      const path = join(folder, "journal");
      const journal = await openJournal(path);
      for (;;) {
        journal.append(Buffer.alloc(5000, 1));
        try {
          await journal.flush();
        } catch (error) {
          expect(error).toMatchObject({ kind: "out-of-resources", file: path });
          break;
        }
      }
      const { durableSeq } = journal;
      expect(durableSeq).toBeGreaterThan(5);
      expect(() => journal.append(Buffer.alloc(1))).toThrow("ENOSPC");
      await expect(journal.close()).rejects.toMatchObject({ kind: "out-of-resources" });
      const read: number[] = [];
      for await (const { seq } of readJournal(path, { lastSeq: durableSeq })) read.push(seq);
      expect(read.length).toBe(durableSeq);
    } finally {
      umount(folder);
    }
  },
);

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`this test needs a small tmpfs, and mount ${args.join(" ")} failed: ${stderr}`);
}

function umount(path: string): void {
  const { status, stderr } = spawnSync("umount", [path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`umount ${path}: ${stderr}`);
}
