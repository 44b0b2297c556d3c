/** The bridge with a program that stands in for powershell.exe: a real process, with real streams. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { simulatedPowerShell } from "./simulated.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-powershell-"));
afterAll(() => rmSync(folder, { recursive: true }));

const simulated = (state: object, deadlineMs?: number) => simulatedPowerShell(folder, state, deadlineMs);

let healthy: ReturnType<typeof simulated>;
beforeAll(() => {
  healthy = simulated({ facts: { model: "Ж 😀" } });
});

test("the result of a script is what it printed, in UTF-8", async () => {
  const result = await healthy.call("host-facts", {});
  expect(result).toEqual({ manufacturer: "VMware, Inc.", model: "Ж 😀", hypervisorPresent: true });
  expect(await simulated({ fault: "marks its UTF-8" }).call("host-facts", {})).toMatchObject({ model: "VMware20,1" });
});

test.for<[string, string, RegExp]>([
  [
    "the script fails",
    "program-failed",
    /^PowerShell failed at host-facts\.ps1:8: Zugriff verweigert \(PermissionDenied\)$/,
  ],
  [
    "blocked by policy",
    "program-failed",
    /printed nothing for host-facts\.ps1, and ended with 1: Die Datei .*bridge\.ps1/,
  ],
  ["prints nothing", "program-failed", /^PowerShell printed nothing for host-facts\.ps1, and ended with 0$/],
  [
    "prints something else",
    "program-failed",
    /printed something that is no answer for .* ended with 0: Windows PowerShell/,
  ],
  ["prints without end", "out-of-resources", /printed more than 1048576 bytes/],
])("when PowerShell %s, that is told", async ([fault, kind, message]) => {
  const failing = simulated({ fault }).call("host-facts", {});
  await expect(failing).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
});

test("a script that takes too long is ended", async () => {
  const hanging = simulated({ fault: "hangs" }, 1_500).call("host-facts", {});
  await expect(hanging).rejects.toMatchObject({ kind: "timeout" });
});

test("a call that is given up ends its process", async () => {
  const stop = new AbortController();
  const hanging = simulated({ fault: "hangs" }).call("host-facts", {}, { signal: stop.signal });
  const reason = new SalvoError("cancelled", "enough");
  stop.abort(reason);
  await expect(hanging).rejects.toBe(reason);
});
