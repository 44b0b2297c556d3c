import { expect, test } from "vitest";
import { hostNotes } from "./host-notes.ts";

const QUIET = {
  powerPlan: "Microsoft:PowerPlan\\{8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c}",
  defender: { scans: true, excluded: ["C:\\ProgramData\\salvo\\"] },
  rdmaAdapters: [],
  products: [],
};
const notes = (more: object) => hostNotes({ ...QUIET, ...more }, "C:\\ProgramData\\Salvo\\data");

test("a host that is set up well has no notes", () => {
  expect(notes({})).toEqual([]);
  expect(notes({ defender: { scans: false, excluded: [] } })).toEqual([]);
});

test.for<[string, object, string]>([
  ["a slow plan", { powerPlan: "Microsoft:PowerPlan\\{381b4222-f694-41f0-9685-ff5bb260df2e}" }, "not high performance"],
  ["a plan that is not known", { powerPlan: null }, "does not tell its power plan"],
  ["a scan", { defender: { scans: true, excluded: ["C:\\ProgramData\\Sal"] } }, "exclude C:\\ProgramData\\Salvo\\data"],
  ["a scan that is not known", { defender: null }, "not known"],
  ["adapters that are not known", { rdmaAdapters: null }, "does not tell its RDMA adapters"],
  [
    "small frames",
    { rdmaAdapters: [{ name: "Ethernet 2", enabled: true, jumbo: "1514" }] },
    "Ethernet 2: RDMA enabled, no jumbo frames",
  ],
  [
    "an adapter",
    { rdmaAdapters: [{ name: "Ethernet 2", enabled: false, jumbo: "9014" }] },
    "Ethernet 2: RDMA disabled, jumbo frames",
  ],
  [
    "a version",
    { products: [{ name: "StarWind Virtual SAN", version: "8.0.11660" }] },
    "StarWind Virtual SAN 8.0.11660",
  ],
])("%s is noted", ([, more, note]) => {
  expect(notes(more)).toEqual([expect.stringContaining(note)]);
});

test("an answer without its parts is an error, and no quiet host", () => {
  expect(() => hostNotes({}, "C:\\data")).toThrow('without the list of objects "rdmaAdapters"');
});
