import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyHostLike, formatAddress, isLoopback, ofSocket, parseAddress, requireAddress } from "./address.ts";

test("an address is a host or a bracketed IPv6 address, and a port", () => {
  expect(parseAddress("guest1.lab:7400")).toEqual({ host: "guest1.lab", port: 7400 });
  expect(parseAddress("[fe80::1]:0")).toEqual({ host: "fe80::1", port: 0 });
});

test.each([
  "guest1",
  "guest1:",
  ":7400",
  "guest1:65536",
  "fe80::1:7400",
  "[guest1]:7400",
  "[1:2]:7400",
  "[:::]:1",
  "a b:1",
  "guest1:7400\n",
])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test("what is written is what is read", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6().filter(isIPv6), fc.domain());
  fc.assert(
    fc.property(host, fc.integer({ min: 0, max: 65_535 }), (name, port) => {
      expect(parseAddress(formatAddress({ host: name, port }))).toEqual({ host: name, port });
    }),
  );
});

test.each([
  [
    "fd00:1::1:7440",
    /^dialling fd00:1::1:7440: an IPv6 address before a port needs brackets/,
    "Write [fd00:1::1]:7440",
  ],
  ["::1:0", /needs brackets/, "Write [::1]:0"],
  ["fd00:1::abcd", /a port is missing/, "Write host:port, for example 127.0.0.1:7400 or [::1]:7400"],
  ["guest1", /this is no host:port$/, "Write host:port, for example 127.0.0.1:7400 or [::1]:7400"],
])("%s is refused, with what to write instead", (text, message, remedy) => {
  expect(() => requireAddress(text, "dialling")).toThrow(
    expect.objectContaining({ kind: "invalid-input", message: expect.stringMatching(message), remedy }),
  );
});

test("the other end of a socket is written as addresses are", () => {
  expect(ofSocket("10.0.0.1:4711")).toBe("10.0.0.1:4711");
  expect(ofSocket("::1:4711")).toBe("[::1]:4711");
  expect(ofSocket("::ffff:10.0.0.1:4711")).toBe("10.0.0.1:4711");
  expect(ofSocket("unknown")).toBe("unknown");
});

test("all addresses of a host are those of its kind", () => {
  expect(["10.0.0.1", "guest1", "fd00::1"].map(anyHostLike)).toEqual(["0.0.0.0", "0.0.0.0", "::"]);
});

test.each(["127.0.0.1", "127.255.3.4", "::1", "0:0:0:0:0:0:0:1", "localhost"])("%s is loopback", (host) => {
  expect(isLoopback({ host })).toBe(true);
});

test.each([
  "0.0.0.0",
  "::",
  "::2",
  "1::1",
  "10.127.0.1",
  "127.0.0.1.evil.example",
  "127.0.0",
  "::ffff:10.0.0.1",
  "0:0:1",
])("%s is not loopback", (host) => {
  expect(isLoopback({ host })).toBe(false);
});
