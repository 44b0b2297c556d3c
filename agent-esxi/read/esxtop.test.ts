import fc from "fast-check";
import { expect, test } from "vitest";
import { openEsxtopReader } from "./esxtop.ts";

/** As recorded: objects, instances with parentheses of their own, counters with blanks. */
const HEADINGS = [
  "(PDH-CSV 4.0) (UTC)(0)",
  String.raw`\\esx1\Memory\Memory Overcommit (1 Minute Avg)`,
  String.raw`\\esx1\Physical Cpu Load\Cpu Load (1 Minute Avg)`,
  String.raw`\\esx1\Physical Cpu(0)\% Processor Time`,
  String.raw`\\esx1\Physical Cpu(0)\% Util Time`,
  String.raw`\\esx1\Physical Cpu(1)\% Util Time`,
  String.raw`\\esx1\Physical Cpu(_Total)\% Util Time`,
  String.raw`\\esx1\Group Cpu(28868:Ted_DEV_ORA)\% Used`,
  String.raw`\\esx1\Vcpu(3497860:diskless vm 2:5421591:vmx)\% Run`,
  String.raw`\\esx1\Vcpu(3497860:diskless vm 2:5421592:vmx-vcpu-0:diskless vm 2)\% Ready`,
  String.raw`\\esx1\Virtual Disk(SQL02 (df09cdf2-1e74-45fb-9ccc-90d1c402fc6b):scsi0:1)\Reads/sec`,
  String.raw`\\esx1\Physical Disk Adapter(vmhba64)\Commands/sec`,
  String.raw`\\esx1\Physical Disk(vmhba64)\Adapter Q Depth`,
  String.raw`\\esx1\Physical Disk(vmhba64:vmhba64:C0:T0:L0)\Adapter Q Depth`,
  String.raw`\\esx1\Physical Disk SCSI Device(eui.4fd45ffe08926d1b)\Device Q Depth`,
  String.raw`\\esx1\Physical Disk SCSI Device(eui.4fd45ffe08926d1b)\Average Guest MilliSec/Command`,
];
const line = (cells: readonly (string | number)[]) => `${cells.map((cell) => `"${cell}"`).join(",")}\n`;
const VALUES = HEADINGS.slice(1).map((_, at) => at + 0.25);
const TEXT = `${line(HEADINGS)}${line(["05/15/2017 06:49:37", ...VALUES])}${line(["05/15/2017 06:49:42", ...VALUES])}`;

const read = (...chunks: readonly string[]) => {
  const reader = openEsxtopReader();
  return chunks.flatMap((chunk) => reader.read(Buffer.from(chunk)));
};

test("a row has what it says of cores, worlds, adapters and devices, at its own instant", () => {
  const [first, second] = read(TEXT);
  expect(first).toEqual({
    stampMs: Date.UTC(2017, 4, 15, 6, 49, 37),
    cores: [
      {
        name: "0",
        rates: new Map([
          ["processor", 2.25],
          ["util", 3.25],
        ]),
      },
      { name: "1", rates: new Map([["util", 4.25]]) },
    ],
    worlds: [
      { group: "Ted_DEV_ORA", world: 0, name: "", rates: new Map([["used", 6.25]]) },
      { group: "diskless vm 2", world: 5_421_591, name: "vmx", rates: new Map([["run", 7.25]]) },
      { group: "diskless vm 2", world: 5_421_592, name: "vmx-vcpu-0:diskless vm 2", rates: new Map([["ready", 8.25]]) },
    ],
    adapters: [
      {
        name: "vmhba64",
        rates: new Map([
          ["commands", 10.25],
          ["aqlen", 11.25],
        ]),
      },
    ],
    devices: [
      {
        name: "eui.4fd45ffe08926d1b",
        rates: new Map([
          ["dqlen", 13.25],
          ["gavg", 14.25],
        ]),
      },
    ],
  });
  expect((second?.stampMs ?? 0) - (first?.stampMs ?? 0)).toBe(5000);
});

test("however the text is cut on its way, the rows are the same", () => {
  const whole = read(TEXT);
  fc.assert(
    fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 12 }), (cuts) => {
      const places = [0, ...cuts.toSorted((one, other) => one - other), TEXT.length];
      expect(read(...places.slice(1).map((end, at) => TEXT.slice(places[at], end)))).toEqual(whole);
    }),
  );
});

test("a counter that is not there for an entity has no value, and is no 0", () => {
  const [row] = read(
    `${line(HEADINGS)}${line(["05/15/2017 06:49:37", ...VALUES.map((value, at) => (at === 13 ? "" : value))])}`,
  );
  expect(row?.devices[0]?.rates.get("dqlen")).toBeUndefined();
  expect(row?.devices[0]?.rates.get("gavg")).toBe(14.25);
});

test.each([
  ["no header", "esxtop: not found\n", "a cell is not quoted"],
  ["another CSV", '"a","b"\n', "this is no header of esxtop -b"],
  [
    "a row that is too short",
    `${line(HEADINGS)}${line(["05/15/2017 06:49:37", 1])}`,
    "the row has 2 cells, and the header 16",
  ],
  ["no instant", `${line(HEADINGS)}${line(["yesterday", ...VALUES])}`, "the row does not begin with an instant"],
  ["an open quote", `${line(HEADINGS)}"05/15\n`, "a cell does not end with a quote and a comma"],
])("what is no answer of esxtop is told: %s", (_what, text, why) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ kind: "program-failed", message: expect.stringContaining(why) }),
  );
});

test("no text makes the reader do anything but answer or say that it cannot read it", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^["\\(),.0-9:/\n a-z]{0,80}$/));
  fc.assert(
    fc.property(text, fc.boolean(), (given, behind) => {
      try {
        read(behind ? line(HEADINGS) + given : given);
      } catch (error) {
        expect(error).toMatchObject({ kind: "program-failed" });
      }
    }),
    { numRuns: 1000 },
  );
});
