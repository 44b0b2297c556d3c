import { create } from "@bufbuild/protobuf";
import { CheckKind, CheckOutcome } from "@salvo/proto/path_pb.ts";
import { RunStorageSchema } from "@salvo/proto/run_pb.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import { expect, test } from "vitest";
import { openElements } from "../markup.ts";
import { storageTables } from "./storage.ts";

const target = "iqn.2026-11.test.salvo:lab.target.iser-1a2b";
const session = (name: string, number: number, state = "LOGGED_IN") => ({
  target,
  transport: Transport.ISER,
  portal: { address: "10.0.0.10", port: 3260 },
  session: name,
  number,
  wwn: `naa.600140500000000${number}`,
  sizeBytes: 64n * 2n ** 20n,
  state,
});

/** The text of each cell, row by row, without heads. */
function rowsOf(markup: string): string[][] {
  return [...markup.matchAll(/<tr>([^]*?)<\/tr>/g)]
    .map(([, row = ""]) => [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell = ""]) => text(cell)))
    .filter((_, index) => index > 0);
}

const text = (markup: string) =>
  markup
    .replace(/<[^>]+>/g, "")
    .replace(/\s+/g, " ")
    .trim();

test("sessions of a guest to a portal are one row, with every state that was seen", () => {
  const attached = [
    { agent: "guest1", luns: [session("session1", 0), session("session1", 1), session("session2", 0, "FAILED")] },
  ];
  const { markup } = storageTables(create(RunStorageSchema, { attached }), undefined);
  expect(openElements(markup)).toEqual([]);
  expect(rowsOf(markup)).toEqual([
    ["guest1", "iser", "10.0.0.10:3260", "2", "LOGGED_IN, FAILED", "2", expect.stringMatching(/^64\sMiB$/), target],
  ]);
});

test("checks are told with what was found, and one that failed stands out", () => {
  const way = { from: "guest1", to: "target", address: "10.0.0.10" };
  const checks = [
    { ...way, kind: CheckKind.LINK, outcome: CheckOutcome.PASSED, text: "eth1 and eth1", lineRateMbps: 25_000 },
    { ...way, kind: CheckKind.RPING, outcome: CheckOutcome.FAILED, text: "<no answer>" },
  ];
  const { markup } = storageTables(create(RunStorageSchema, { checks }), 1490.1);
  expect(rowsOf(markup)).toEqual([
    ["guest1", "target (10.0.0.10)", "link", "ok", "eth1 and eth1"],
    ["guest1", "target (10.0.0.10)", "rping", "FAILED", "&#60;no answer&#62;"],
  ]);
  expect(markup).toContain(`<strong class="poor">FAILED</strong>`);
  // 25 Gbit/s are 2,980 MiB/s.
  expect(text(markup)).toMatch(
    /carry 2,980 MiB\/s at most \(25 Gbit\/s\): the run moved 1,490 MiB\/s, 50(\.0)?.% of that/,
  );
});

test("of a link that tells no rate, and of a run without totals, nothing is said", () => {
  const checks = [{ from: "guest1", to: "target", address: "10.0.0.10", kind: CheckKind.LINK }];
  expect(storageTables(create(RunStorageSchema, { checks }), 100).markup).not.toContain("at most");
  const known = checks.map((check) => ({ ...check, lineRateMbps: 1000 }));
  expect(storageTables(create(RunStorageSchema, { checks: known }), undefined).markup).not.toContain("at most");
});
