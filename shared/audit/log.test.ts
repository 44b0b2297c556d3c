import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import fc from "fast-check";
import { SalvoError } from "../kernel/error.ts";
import { tryLock } from "../process/lock-file.ts";
import { describeEntry } from "./describe.ts";
import { LINE_BYTES_MAX, readLine, START, writeLine } from "./entry.ts";
import { fit } from "./fit.ts";
import { openAuditLog } from "./log.ts";
import { verifyLog } from "./read-log.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-audit-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

const AT = Date.UTC(2026, 10, 22, 20, 15);
const deed = { who: "ann@lab1", what: "token create", details: { agent: "guest1" } };
const open = () => openAuditLog(file, { now: () => AT });

async function entries() {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const entry = readLine(Buffer.from(line));
      return typeof entry === "string" ? { flaw: entry } : entry;
    });
}

test("what is done stands between its begin and its end, each chained to the one before", async () => {
  await using log = await open();
  let before: unknown;
  const given = await log.around(
    deed,
    async () => {
      before = await entries();
      return 7;
    },
    { answer: (value) => ({ given: value }) },
  );
  expect(given).toBe(7);
  expect(before).toMatchObject([{ seq: 1, kind: "begin" }]);
  const [begin, end] = await entries();
  expect(begin).toMatchObject({ ...deed, seq: 1, at: "2026-11-22T20:15:00.000Z", previous: "0".repeat(64) });
  expect(end).toMatchObject({ seq: 2, kind: "end", of: 1, result: "ok", details: { given: 7 } });
  expect(end).toMatchObject({ previous: begin && "hash" in begin ? begin.hash : "" });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("what fails has an end that says how, and the caller hears the same", async () => {
  await using log = await open();
  const failing = log.around(deed, async () => {
    throw new SalvoError("refused", "revoked");
  });
  await expect(failing).rejects.toMatchObject({ kind: "refused", message: "revoked" });
  expect((await entries())[1]).toMatchObject({ kind: "end", of: 1, result: "refused", message: "revoked" });
});

test("nothing is done when it cannot be written before", async () => {
  await using log = await openAuditLog(join(folder, "away", "audit.jsonl"), { now: () => AT });
  let done = false;
  const doing = log.around(deed, async () => (done = true));
  await expect(doing).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("cannot be written") });
  expect(done).toBe(false);
});

test("a log that somebody else keeps locked is waited for, and not for ever", async () => {
  await using log = await openAuditLog(file, { now: () => AT, lockMs: 30 });
  const lock = tryLock(`${file}.lock`);
  await expect(log.note(deed)).rejects.toMatchObject({ kind: "timeout" });
  lock?.[Symbol.dispose]();
  await log.note(deed);
});

test("two that have it open write one chain", async () => {
  await using one = await open();
  await using other = await open();
  await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? one : other).note(deed)));
  const all = await entries();
  expect(all.map((entry) => "seq" in entry && entry.seq)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  const hashes = all.map((entry) => "hash" in entry && entry.hash);
  expect(all.slice(1).map((entry) => "previous" in entry && entry.previous)).toEqual(hashes.slice(0, -1));
});

test("what is asked for at once is written in the order of asking", async () => {
  await using log = await open();
  await Promise.all(Array.from({ length: 20 }, (_, index) => log.note({ ...deed, what: `step ${index}` })));
  expect((await entries()).map((entry) => "what" in entry && entry.what)).toEqual(
    Array.from({ length: 20 }, (_, index) => `step ${index}`),
  );
});

test("a log whose end is larger than the first look is read as far as its last entry", async () => {
  {
    await using log = await open();
    await log.note({ ...deed, details: { devices: "x".repeat(100_000) } });
  }
  await using log = await open();
  expect(log.head.seq).toBe(1);
  await log.note(deed);
  expect(await entries()).toMatchObject([{ seq: 1 }, { seq: 2 }]);
});

test("after a cut at any byte of its last entry the log says so and goes on, or has lost nothing", async () => {
  {
    await using log = await open();
    await log.note(deed);
    await log.note(deed);
  }
  const whole = await readFile(file);
  const first = whole.indexOf("\n") + 1;
  for (let length = first; length <= whole.length; length++) {
    await writeFile(file, whole.subarray(0, length));
    await using log = await open();
    await log.note(deed);
    const kinds = (await entries()).map((entry) => ("kind" in entry ? entry.kind : entry.flaw));
    const isWhole = length >= whole.length - 1;
    const expected = isWhole ? ["note", "note", "note"] : ["note", "no-entry", "torn", "note"];
    expect(kinds, `cut at ${length}`).toEqual(length === first ? ["note", "note"] : expected);
    expect(log.tornBytes).toBe(isWhole ? 0 : length - first);
  }
});

test("a cut in the very first entry, and one in the entry that tells of a cut, are told as well", async () => {
  await writeFile(file, '{"seq":1,"at":');
  await (await open())[Symbol.asyncDispose]();
  const once = await readFile(file);
  await writeFile(file, once.subarray(0, -20));
  await using log = await open();
  await log.note(deed);
  const kinds = (await entries()).map((entry) => ("kind" in entry ? entry.kind : entry.flaw));
  expect(kinds).toEqual(["no-entry", "no-entry", "torn", "note"]);
  expect(log.head.seq).toBe(2);
});

test("nothing is added to an end that no crash has left so", async () => {
  {
    await using log = await open();
    await log.note(deed);
  }
  await writeFile(file, (await readFile(file, "utf8")).replace("guest1", "guest2"));
  await expect(open()).rejects.toMatchObject({ kind: "corrupt", file });
});

test("a log that is shortened while it is in use takes nothing more", async () => {
  await using log = await open();
  await log.note(deed);
  await truncate(file, 10);
  await expect(log.note(deed)).rejects.toMatchObject({ kind: "corrupt" });
});

test("what others add is taken up", async () => {
  await using log = await open();
  await log.note(deed);
  await appendFile(file, "half an en");
  await log.note(deed);
  const kinds = (await entries()).map((entry) => ("kind" in entry ? entry.kind : entry.flaw));
  expect(kinds).toEqual(["note", "no-entry", "torn", "note"]);
});

const TOKEN = `0123456789abcdef.${"a".repeat(43)}.${"b".repeat(43)}`;

test.each([
  ["a private key", "-----BEGIN PRIVATE KEY-----"],
  ["a token", TOKEN],
  ["a token where a long text is cut", `${"x".repeat(1_990)}${TOKEN}`],
])("%s is not written, and what it came with is", async (_what, secret) => {
  await using log = await open();
  const failing = log.around({ ...deed, details: { ...deed.details, secret } }, async () => {
    throw new SalvoError("refused", `not ${secret}`);
  });
  await expect(failing).rejects.toMatchObject({ kind: "refused" });
  const secretless = { secret: "(withheld: it looks like a secret)" };
  expect(await entries()).toMatchObject([
    { kind: "begin", details: { ...deed.details, ...secretless } },
    { kind: "end", result: "refused", message: secretless.secret },
  ]);
  expect(await readFile(file, "utf8")).not.toMatch(/PRIVATE|aaaa|0123456789abcdef/);
});

test.each([
  ["a secret", TOKEN],
  ["as long as a message of gRPC may be", "x".repeat(8 * 1024 * 1024)],
  ["six times as long when it is written", "\u0000".repeat(60_000)],
  ["of halves of characters", "\ud83d".repeat(100_000)],
  ["of lines", "\n\r\u2028".repeat(20_000)],
])(
  "a text that is %s keeps nothing out of the log, neither its own deed nor those of the same instant",
  async (_, text) => {
    await using log = await open();
    const failing = log.around({ ...deed, what: "stop", details: { agent: "guest1", reason: text } }, async () => {
      throw new SalvoError("refused", text);
    });
    const [failed] = await Promise.allSettled([failing, log.around(deed, async () => 7), log.note(deed)]);
    expect(failed).toMatchObject({ reason: { kind: "refused" } });
    expect(await verifyLog(file)).toMatchObject({ holds: true, entries: 5, unfinished: [] });
    expect((await entries())[0]).toMatchObject({ what: "stop", details: { agent: "guest1" } });
    await (await open()).note(deed); // and it is taken up again
  },
);

test("what is cut says so, and how much is missing", async () => {
  await using log = await open();
  await log.note({ ...deed, details: { agent: "guest1", reason: "x".repeat(600_000) } });
  const [entry] = await entries();
  const { agent, reason } = entry && "details" in entry ? entry.details : {};
  expect(agent).toBe("guest1");
  const [, kept = "", missing] = /^(x+)\.\.\. \((\d+) characters more\)$/.exec(String(reason)) ?? [];
  expect(kept.length + Number(missing)).toBe(600_000);
  expect(kept.length).toBeGreaterThan(100_000);
});

const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("\ud800", "\u0000", '"'),
);
const longTexts = fc.tuple(texts, fc.integer({ min: 1, max: 100_000 })).map(([text, times]) => text.repeat(times));

test("any texts at all make an entry that fits, and is read back as it was written", () => {
  fc.assert(
    fc.property(fc.array(longTexts, { minLength: 2, maxLength: 12 }), ([who = "", message = "", ...others]) => {
      const details = Object.fromEntries(others.map((text, index) => [`text${index}`, text]));
      const fitted = fit({ kind: "end", of: 1, result: "internal", who, what: "step", message, details });
      const { line } = writeLine(fitted, AT, { seq: Number.MAX_SAFE_INTEGER - 1, hash: START.hash });
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_BYTES_MAX);
      expect(readLine(Buffer.from(line.slice(0, -1)))).toMatchObject(fitted);
    }),
    { numRuns: 30 },
  );
});

test("a text of others is no line of its own where people read the log", () => {
  const details = { reason: "enough\n4  2026-11-22  ann@lab1 \u001b[2K\u202e\ud800" };
  const written = writeLine({ ...deed, details, kind: "note" }, AT, START).line;
  const entry = readLine(Buffer.from(written.slice(0, -1)));
  expect(typeof entry === "string" ? entry : describeEntry(entry)).toBe(
    "2026-11-22T20:15:00.000Z ann@lab1 token create reason=enough\\u{a}4  2026-11-22  ann@lab1 \\u{1b}[2K\\u{202e}\\u{d800}",
  );
});
