import { expect, test } from "vitest";
import fc from "fast-check";
import { type Happening, type Head, sha256, START, writeLine } from "./entry.ts";
import { verifyAudit } from "./verify.ts";

const AT = Date.UTC(2026, 10, 22);
const common = {
  who: "salvo://bench/controller?generation=1",
  what: "salvo.v1.AgentService/Arm",
  details: { run: "r-1" },
};
const begin: Happening = { ...common, kind: "begin" };
const endOf = (of: number): Happening => ({ ...common, kind: "end", of, result: "ok", message: "" });
const note: Happening = { ...common, what: "ü", kind: "note" };

function chain(happenings: readonly Happening[], from: Head = START): { lines: string[]; head: Head } {
  let head = from;
  const lines = happenings.map((each) => {
    const written = writeLine(each, AT, head);
    head = written.head;
    return written.line;
  });
  return { lines, head };
}

const verify = (lines: readonly string[]) => verifyAudit(Buffer.from(lines.join("")));

/** Logs as they are written: what is begun is mostly ended, later. */
const logs = fc.array(fc.constantFrom("begin", "end", "note"), { minLength: 1, maxLength: 12 }).map((kinds) => {
  const open: number[] = [];
  const happenings = kinds.map((kind, index): Happening => {
    const of = kind === "end" ? open.shift() : undefined;
    if (of !== undefined) return endOf(of);
    if (kind === "note") return note;
    open.push(index + 1);
    return begin;
  });
  return { lines: chain(happenings).lines, open: open.length };
});

test("a log as it was written holds, and what never ended is named", () => {
  fc.assert(
    fc.property(logs, ({ lines, open }) => {
      const found = verify(lines);
      expect(found).toMatchObject({ holds: true, entries: lines.length, broken: [], torn: [] });
      expect(found.unfinished).toHaveLength(open);
      expect([found.first?.seq, found.last?.seq]).toEqual([1, lines.length]);
    }),
  );
});

test("any byte that is changed is found, on its line", () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ lines }, position, by) => {
      const bytes = Buffer.from(lines.join(""));
      const at = position % bytes.length;
      const line = bytes.subarray(0, at).toString("latin1").split("\n").length;
      bytes[at] = (bytes[at] ?? 0) ^ by;
      const { holds, broken, torn } = verifyAudit(bytes);
      expect(holds).toBe(false);
      expect([...broken, ...torn].map((each) => each.line)).toContain(line);
    }),
    { numRuns: 1_000 },
  );
});

test("any line that is removed, but from the end, is found where it was", () => {
  fc.assert(
    fc.property(logs, fc.nat(), ({ lines }, position) => {
      fc.pre(lines.length > 1);
      const at = position % (lines.length - 1);
      const { holds, broken } = verify(lines.toSpliced(at, 1));
      expect(holds).toBe(false);
      expect(broken[0]).toEqual({ line: at + 1, why: `entry ${at + 1} is missing before it` });
    }),
  );
});

test("lines that change places, come twice or were never written are found", () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.nat(), ({ lines }, one, other) => {
      const [a, b] = [one % lines.length, other % lines.length];
      if (a !== b) expect(verify(lines.with(a, lines[b]!).with(b, lines[a]!)).holds).toBe(false);
      expect(verify(lines.toSpliced(b, 0, lines[a]!)).holds).toBe(false);
      expect(verify(lines.toSpliced(b, 0, "\n")).holds).toBe(false);
      const forged = writeLine(note, AT, { seq: b, hash: sha256("whatever") }).line;
      expect(verify(lines.toSpliced(b, 0, forged)).holds).toBe(false);
      expect(verify(lines.with(b, forged)).holds).toBe(false);
    }),
  );
});

test("a log that lost its end holds: only its head, kept elsewhere, tells", () => {
  const { lines, head } = chain([begin, endOf(1), begin, endOf(3)]);
  const { holds, last } = verify(lines.slice(0, 2));
  expect(holds).toBe(true);
  expect(last?.hash).not.toBe(head.hash);
});

test("several missing entries are counted, and one break is told once", () => {
  const { lines } = chain([note, note, note, note, note]);
  expect(verify([lines[0]!, lines[3]!, lines[4]!]).broken).toEqual([
    { line: 2, why: "entries 2 to 3 are missing before it" },
  ]);
  expect(verify(lines.with(1, lines[1]!.replace("r-1", "r-2"))).broken).toEqual([
    { line: 2, why: "it is not what was written" },
  ]);
});

const tornEntry = (bytes: string): Happening => ({
  kind: "torn",
  who: "",
  what: "",
  details: { bytes: Buffer.byteLength(bytes), sha256: sha256(bytes) },
});

test("what a crash cut off is told; with an entry that says so, the log holds", () => {
  const { lines, head } = chain([begin]);
  const cut = `{"seq":2,"at":"2026`;
  expect(verify([...lines, cut])).toMatchObject({ holds: false, broken: [], torn: [{ line: 2, told: false }] });
  const closed = [...lines, `${cut}\n`, ...chain([tornEntry(`${cut}\n`), note], head).lines];
  expect(verify(closed)).toMatchObject({
    holds: true,
    entries: 3,
    torn: [{ line: 2, bytes: cut.length + 1, told: true }],
    unfinished: [{ line: 1 }],
  });
  expect(verify(closed.with(1, `${cut}x\n`)).broken).toMatchObject([{ line: 2 }]);
  expect(verify(closed.with(1, `${cut.replace("2026", "2027")}\n`)).broken).toMatchObject([{ line: 2 }]);
});

test("a changed entry is not made a torn one by an entry that calls it so", () => {
  const { lines, head } = chain([note]);
  const changed = chain([note], head).lines[0]!.replace("r-1", "r-2");
  const { holds, broken } = verify([...lines, changed, ...chain([tornEntry(changed)], head).lines]);
  expect({ holds, broken }).toEqual({ holds: false, broken: [{ line: 2, why: "it is not what was written" }] });
});

test("a torn line that is taken away is missed", () => {
  const { lines, head } = chain([note]);
  const { broken } = verify([...lines, ...chain([tornEntry("half\n")], head).lines]);
  expect(broken).toEqual([{ line: 2, why: "it tells of a torn line, and there is none" }]);
});

test("an end without its begin is found even in a chain that holds", () => {
  const { lines } = chain([begin, endOf(1), endOf(1)]);
  expect(verify(lines).broken).toEqual([{ line: 3, why: "it ends entry 1, which is not begun" }]);
});

test("any bytes at all are judged, and none but an empty log holds", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => !verifyAudit(bytes).holds));
  expect(verifyAudit(new Uint8Array())).toMatchObject({ holds: true, entries: 0 });
});
