import { expect, test } from "vitest";
import { isLoopback, parseAddress } from "./address.ts";

test("an address is a host or a bracketed IPv6 address, and a port", () => {
  expect(parseAddress("guest1.lab:7400")).toEqual({ host: "guest1.lab", port: 7400 });
  expect(parseAddress("[fe80::1]:0")).toEqual({ host: "fe80::1", port: 0 });
});

test.each(["guest1", "guest1:", ":7400", "guest1:65536", "fe80::1:7400", "a b:1", "guest1:7400\n"])(
  "%j is no address",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test.each(["127.0.0.1", "127.255.3.4", "::1", "0:0:0:0:0:0:0:1", "localhost"])("%s is loopback", (host) => {
  expect(isLoopback({ host, port: 1 })).toBe(true);
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
  expect(isLoopback({ host, port: 1 })).toBe(false);
});
