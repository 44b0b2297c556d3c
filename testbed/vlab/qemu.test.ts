import { expect, test } from "vitest";
import { guestPlaces } from "./places.ts";
import { planLab } from "./plan.ts";
import { type Machine, machineArgs } from "./qemu.ts";

const { guests } = planLab({ folder: "/srv/a,b", lab: "lab", guests: 2, subnet: 7 });

function machine(index: number, more: Partial<Machine> = {}): string[] {
  const guest = guests[index];
  if (!guest) throw new Error("there is no such guest");
  const places = guestPlaces("/srv/a,b", guest.id);
  return machineArgs({
    ...places,
    shell: "shell",
    guest,
    accelerator: "tcg",
    memoryMib: 512,
    nowMs: Date.UTC(2026, 10, 22, 20),
    ...more,
  });
}

test("a comma in the folder's name ends no option of QEMU", () => {
  for (const argument of machine(0).filter((each) => /,(path|file)=/.test(each) && !each.startsWith("socket,")))
    expect(argument).toMatch(/,(path|file)=\/(srv\/a,,b\/guests\/target\/[a-z.]+)?(,|$)/);
});

test("the host's root cannot be written to, and the clock is the guest's own", () => {
  expect(machine(0).filter((each) => each.includes("path=/,"))).toEqual([expect.stringContaining("readonly=on")]);
  expect(machine(0)).toContain("base=2026-11-22T19:59:55,clock=vm");
  expect(machine(1)).toContain("base=2026-11-22T20:00:09,clock=vm");
});

test("KVM is used when it works, and no clock of the hypervisor either way", () => {
  expect(machine(0, { accelerator: "kvm" })).toContain("kvm");
  for (const accelerator of ["kvm", "tcg"] as const)
    expect(machine(0, { accelerator }).join(" ")).toContain("no-kvmclock");
});

test("no two network cards have the same address", () => {
  const cards = guests.flatMap((_, index) => machine(index).flatMap((each) => /mac=[0-9a-f:]+/.exec(each) ?? []));
  expect(cards).toHaveLength(6);
  expect(new Set(cards).size).toBe(6);
});
