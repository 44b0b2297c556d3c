import type { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { mustYield } from "./network.ts";

const ipv4 = {
  netmask: "255.255.255.0",
  family: "IPv4",
  mac: "00:00:00:00:00:00",
  internal: false,
  cidr: null,
} as const;
type Links = ReturnType<typeof networkInterfaces>;
const links: Links = {
  salvo11111111: [{ ...ipv4, address: "10.213.7.1" }],
  salvo22222222: [{ ...ipv4, address: "10.213.7.1" }],
  salvo00000000: [{ ...ipv4, address: "10.213.70.1" }],
};

test("of two labs that took the same addresses at once, exactly one moves on", () => {
  expect(mustYield({ link: "salvo11111111", subnet: 7 }, links)).toBe(false);
  expect(mustYield({ link: "salvo22222222", subnet: 7 }, links)).toBe(true);
});
