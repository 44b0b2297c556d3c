import { expect, test } from "vitest";
import { isWithin } from "./subnet.ts";

test.each([
  ["10.1.0.1", "10.1.0.2", "255.255.255.0", true],
  ["10.1.1.1", "10.1.0.2", "255.255.255.0", false],
  ["10.1.1.1", "10.1.0.2", "255.255.0.0", true],
  ["200.1.1.1", "200.1.1.2", "255.255.255.252", true],
  ["200.1.1.9", "200.1.1.2", "255.255.255.252", false],
  ["fd00::1", "10.1.0.2", "255.255.255.0", false],
  ["10.1.0.1", "", "", false],
])("%s in the network of %s/%s: %s", (address, of, netmask, is) => {
  expect(isWithin(address, of, netmask)).toBe(is);
});
