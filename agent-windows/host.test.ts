import { hostname, totalmem } from "node:os";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { expect, test } from "vitest";
import { describeHost, hypervisorOf } from "./host.ts";

test("the inventory says what Node knows and what PowerShell says", async () => {
  const facts = { manufacturer: "VMware, Inc.", model: "VMware20,1", hypervisorPresent: true };
  const notes = {
    powerPlan: "{8C5E7FDA-E8BF-4A96-9A85-A6E23A8C635C}",
    defender: { scans: false, excluded: [] },
    rdmaAdapters: [],
    products: [{ name: "StarWind Virtual SAN", version: "8.0" }],
  };
  const host = await describeHost({ call: async (script) => (script === "host-notes" ? notes : facts) }, "C:\\data");
  expect(host).toMatchObject({ name: hostname(), memoryBytes: BigInt(totalmem()), nodeVersion: process.version });
  expect(host.cores).toBeGreaterThan(0);
  expect(host.virtualization).toBe("vmware");
  expect(host.notes).toEqual(["StarWind Virtual SAN 8.0"]);
});

test("where PowerShell gives no answer the hypervisor is not known; a bug stays a bug", async () => {
  const failing = (error: Error) =>
    describeHost(
      {
        call: async () => {
          throw error;
        },
      },
      "C:\\data",
    );
  expect(await failing(new SalvoError("program-failed", "blocked"))).toMatchObject({
    virtualization: "unknown",
    notes: ["the host's settings are not known: blocked"],
  });
  await expect(failing(new TypeError("a bug"))).rejects.toThrow("a bug");
});

test.for<[string, string, boolean | undefined, string]>([
  ["Dell Inc.", "PowerEdge R720", false, ""],
  ["Dell Inc.", "PowerEdge R720", true, "unknown"],
  ["Dell Inc.", "PowerEdge R720", undefined, "unknown"],
  ["Microsoft Corporation", "Virtual Machine", true, "microsoft"],
  ["Microsoft Corporation", "Surface Pro 7", false, ""],
  ["QEMU", "Standard PC (Q35 + ICH9, 2009)", true, "kvm"],
  ["VMware, Inc.", "VMware Virtual Platform", true, "vmware"],
  ["innotek GmbH", "VirtualBox", true, "oracle"],
])("%s %s, with a hypervisor: %s, is %j", ([manufacturer, model, hypervisorPresent, told]) => {
  expect(hypervisorOf({ manufacturer, model, hypervisorPresent })).toBe(told);
});
