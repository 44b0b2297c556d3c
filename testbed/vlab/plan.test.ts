import fc from "fast-check";
import { expect, test } from "vitest";
import { freeSubnet, meets, namesOf, planLab } from "./plan.ts";

const plan = planLab({ folder: "/srv/lab", lab: "lab", guests: 32, subnet: 7 });

test("every guest has addresses, taps and a clock of its own, and only the first is the target", () => {
  expect(plan.guests).toHaveLength(33);
  for (const of of ["id", "management", "data", "clockSeconds"] as const)
    expect(new Set(plan.guests.map((guest) => guest[of])).size, of).toBe(33);
  const taps = plan.guests.flatMap(({ taps }) => [taps.management, taps.data]);
  expect(new Set(taps).size).toBe(66);
  expect(plan.guests.filter(({ roles }) => roles.includes("target")).map(({ id }) => id)).toEqual(["target"]);
});

test("clocks are seconds apart, and none is so far off that its certificate is of another time", () => {
  const clocks = plan.guests.map(({ clockSeconds }) => clockSeconds).toSorted((a, b) => a - b);
  for (const [index, clock] of clocks.entries())
    if (index > 0) expect(clock - (clocks[index - 1] ?? clock)).toBeGreaterThanOrEqual(3);
  expect(Math.max(...clocks.map(Math.abs))).toBeLessThan(200);
});

test("names fit into the kernel's, and another folder's lab has others", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const names = [namesOf(`/${one}`), namesOf(`/${other}`)] as const;
      for (const { link } of names) expect(link.length).toBeLessThan(16);
      expect(names[0].namespace === names[1].namespace).toBe(one === other);
    }),
  );
});

test.for([
  ["10.213.7.0/24", true],
  ["10.213.7.9", true],
  ["10.213.0.0/16", true],
  ["10.0.0.0/8", true],
  ["10.213.7.128/25", true],
  ["10.213.8.0/24", false],
  ["10.214.7.0/24", false],
  ["172.17.0.0/16", false],
  ["0.0.0.0/0", false],
] as const)("10.213.7.0/24 and a route to %s: in each other's way is %s", ([network, expected]) => {
  expect(meets(7, network)).toBe(expected);
});

test("a subnet that is in use is not taken, and when all are there is none", () => {
  const first = freeSubnet("/srv/lab", () => false);
  const second = freeSubnet("/srv/lab", (subnet) => subnet === first);
  expect(second).not.toBe(first);
  const used = new Set<number>();
  for (let subnet = first; subnet !== undefined; subnet = freeSubnet("/srv/lab", (each) => used.has(each)))
    used.add(subnet);
  expect(used.size).toBe(256);
});
