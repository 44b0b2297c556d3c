import { create } from "@bufbuild/protobuf";
import { FindingSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { findingList } from "./finding-list.ts";
import { openElements } from "./markup.ts";

test("a finding stands with its numbers, their places, its confidence and what to try next", () => {
  const finding = create(FindingSchema, {
    name: "one-core-saturated",
    sentence: "core 2 of <vm1> was 97 % busy",
    confidence: "high",
    next: "Spread interrupts over cores",
    evidence: [
      { what: "busy", value: 97.14, unit: "%", agent: "vm1", core: 0 },
      { what: "without I/O", value: 3.2, unit: "s", agent: "vm1", participant: "vm1.a", firstTick: 4, lastTick: 7 },
      { what: "sessions", value: 2 },
    ],
  });
  const markup = findingList([finding])?.markup ?? "";
  expect(openElements(markup)).toEqual([]);
  expect(markup).toContain("core 2 of &#60;vm1&#62; was 97 % busy.");
  expect(markup).toContain("(high confidence)</span> Spread interrupts over cores.");
  expect(markup).toContain("busy 97.1 %, vm1, core 0; without I/O 3.20 s, vm1.a, ticks 4 to 7; sessions 2");
});

test("without findings there is no list", () => {
  expect(findingList([])).toBeUndefined();
});
