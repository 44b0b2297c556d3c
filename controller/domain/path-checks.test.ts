import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CheckOutcome, LinkSchema, PathServicePingResponseSchema } from "@salvo/proto/path_pb.ts";
import { expect, test } from "vitest";
import { bandwidthCheck, linkCheck, mtuCheck, packetBytesFor, rdmaCheck, rpingCheck } from "./path-checks.ts";

const { PASSED, FAILED, NOT_DONE } = CheckOutcome;
const RXE = { name: "rxe0", port: 1, state: "ACTIVE", physicalState: "LinkUp", linkLayer: "ethernet" };

function link(more: MessageInitShape<typeof LinkSchema> = {}) {
  return create(LinkSchema, { address: "10.0.0.1", name: "eth1", mtu: 9000, state: "up", rdma: [RXE], ...more });
}

test("links that are up, with the slower one's rate; one that is down or not there", () => {
  const [near, far] = [link({ speedMbps: 100_000 }), link({ name: "ens2", mtu: 1500, speedMbps: 25_000 })];
  expect(linkCheck(near, far)).toMatchObject({
    outcome: PASSED,
    text: "eth1 (MTU 9000) and ens2 (MTU 1500), 25 Gbit/s",
    lineRateMbps: 25_000,
  });
  expect(linkCheck(link(), link())).toMatchObject({ outcome: PASSED, text: "eth1 (MTU 9000) and eth1 (MTU 9000)" });
  expect(linkCheck(near, link({ name: "ens2", state: "down" }))).toMatchObject({
    outcome: FAILED,
    text: "ens2 is down",
  });
  expect(linkCheck(undefined, far)).toMatchObject({ outcome: FAILED, text: "no link here has the address" });
  expect(linkCheck(near, undefined)).toMatchObject({ outcome: FAILED, text: "no link there has the address" });
});

test("a packet is as large as both ends take", () => {
  expect(packetBytesFor(link(), link({ mtu: 1500 }))).toBe(1500);
  expect(packetBytesFor(link(), link())).toBe(9000);
  expect(packetBytesFor(undefined, undefined)).toBe(1500);
});

test("packets get through whole, or what was said", () => {
  const ping = (more: object) =>
    create(PathServicePingResponseSchema, { sent: 3, received: 3, rttMinMs: 0.125, ...more });
  expect(mtuCheck(9000, ping({}))).toMatchObject({ outcome: PASSED, text: "9000 bytes get through whole, in 0.13 ms" });
  expect(mtuCheck(9000, ping({ received: 0, problem: "ping: local error: message too long, mtu=1500" }))).toMatchObject(
    {
      outcome: FAILED,
      text: "9000 bytes do not get through whole: ping: local error: message too long, mtu=1500",
    },
  );
});

test("RDMA devices on both links, and active", () => {
  expect(rdmaCheck(link(), link())).toMatchObject({ outcome: PASSED, text: "rxe0 (ethernet) and rxe0 (ethernet)" });
  expect(rdmaCheck(link({ rdma: [] }), link())).toMatchObject({
    outcome: FAILED,
    text: "eth1 has no RDMA device here",
  });
  expect(rdmaCheck(link(), link({ rdma: [] }))).toMatchObject({
    outcome: FAILED,
    text: "eth1 has no RDMA device there",
  });
  const down = link({ rdma: [{ ...RXE, state: "DOWN", physicalState: "Disabled" }] });
  expect(rdmaCheck(link(), down)).toMatchObject({ outcome: FAILED, text: "rxe0 is DOWN (Disabled)" });
});

test("a channel that works, one that does not, and a test that nobody has", () => {
  const fine = { problem: "", notInstalled: false, mibPerSec: 0 };
  expect(rpingCheck(fine)).toMatchObject({ outcome: PASSED });
  expect(rpingCheck({ ...fine, problem: "rping exited with 1" })).toMatchObject({ outcome: FAILED });
  const none = { problem: "the program rping is in no folder of PATH", notInstalled: true };
  expect(rpingCheck({ ...fine, ...none })).toMatchObject({ outcome: NOT_DONE, text: none.problem });
  expect(mtuCheck(9000, create(PathServicePingResponseSchema, none))).toMatchObject({ outcome: NOT_DONE });
  const fast = { ...fine, mibPerSec: 11_000 };
  expect(bandwidthCheck(fast, link({ speedMbps: 100_000 }), link({ speedMbps: 100_000 }))).toMatchObject({
    outcome: PASSED,
    text: "11000.0 MiB/s, 92 % of the line's rate",
    mibPerSec: 11_000,
    lineRateMbps: 100_000,
  });
  expect(bandwidthCheck(fast, link(), link())).toMatchObject({ text: "11000.0 MiB/s", lineRateMbps: 0 });
});
