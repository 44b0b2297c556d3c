/** The change of StarWind.cfg on a simulated Windows: real files, and a real process in place of powershell.exe. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { afterAll, expect, test } from "vitest";
import { simulatedPowerShell } from "../powershell/simulated.fixture.ts";
import { type ConfigFile, configFile, setTargetsNode } from "./set-node.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-starwind-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ORIGINAL = '<?xml version="1.0"?>\r\n<starwind><targets>\r\n</targets></starwind>\r\n';
const EDITED = ORIGINAL.replace("<targets>", '<targets node="1">');

/** A host with StarWind, whose service runs. */
function starWind({
  text = ORIGINAL,
  status = "Running",
  ...state
}: { text?: string; status?: string; serviceFault?: string; rewrites?: string } = {}) {
  const place = mkdtempSync(join(folder, "host-"));
  const [path, service] = [join(place, "StarWind.cfg"), join(place, "service")] as const;
  writeFileSync(path, text);
  writeFileSync(service, status);
  const onStart = state.rewrites === undefined ? undefined : { file: path, text: state.rewrites };
  return {
    file: configFile(path),
    powerShell: simulatedPowerShell(place, { service, serviceFault: state.serviceFault, onStart }),
    says: () => readFileSync(path, "utf8"),
    status: () => readFileSync(service, "utf8"),
  };
}

test("the node is set, the service runs again, and the backup is the file as it was", async () => {
  const host = starWind();
  const { changed, backup = "" } = await setTargetsNode(1, host.file, host.powerShell);
  expect([changed, host.says(), host.status()]).toEqual([true, EDITED, "Running"]);
  expect(readFileSync(backup, "utf8")).toBe(ORIGINAL);
});

test("a second change does nothing: the service is not even asked for", async () => {
  const host = starWind({ text: EDITED });
  const nobody = { call: () => Promise.reject(new Error("the service was touched")) };
  expect(await setTargetsNode(1, host.file, nobody)).toEqual({ changed: false });
});

test("a service that was stopped is stopped again", async () => {
  const host = starWind({ status: "Stopped" });
  await setTargetsNode(1, host.file, host.powerShell);
  expect([host.says(), host.status()]).toEqual([EDITED, "Stopped"]);
});

test("a service that does not stop: the file is not touched", async () => {
  const host = starWind({ serviceFault: "does not stop" });
  await expect(setTargetsNode(1, host.file, host.powerShell)).rejects.toThrow(
    /^PowerShell failed at service-set\.ps1:15: Exception calling "WaitForStatus"/,
  );
  expect(host.says()).toBe(ORIGINAL);
});

test("a service that does not start: the file is as it was, and the backup is named", async () => {
  const host = starWind({ serviceFault: "does not start" });
  await expect(setTargetsNode(1, host.file, host.powerShell)).rejects.toMatchObject({
    message: expect.stringContaining("StarWind.cfg could not be put back"),
    remedy: expect.stringMatching(/copy .*StarWind\.cfg\.salvo-[0-9a-f]{16} over/),
  });
  expect(host.says()).toBe(ORIGINAL);
});

test("a StarWind that drops the attribute when it starts: told, and the file is as it was", async () => {
  const host = starWind({ rewrites: ORIGINAL });
  await expect(setTargetsNode(1, host.file, host.powerShell)).rejects.toThrow(
    "StarWind.cfg says node nothing after StarWind has started; StarWind.cfg is as it was",
  );
  expect([host.says(), host.status()]).toEqual([ORIGINAL, "Running"]);
});

test("a file that cannot be written: told, and the service runs", async () => {
  const host = starWind();
  let writes = 0;
  const readOnly: ConfigFile = {
    ...host.file,
    overwrite: (bytes) =>
      writes++ === 0 ? Promise.reject(new SalvoError("refused", "EPERM: it is read-only")) : host.file.overwrite(bytes),
  };
  await expect(setTargetsNode(1, readOnly, host.powerShell)).rejects.toThrow(
    "it is read-only; StarWind.cfg is as it was",
  );
  expect([host.says(), host.status()]).toEqual([ORIGINAL, "Running"]);
});

test("a file that Salvo does not edit: the service is not stopped", async () => {
  const host = starWind({ text: "<starwind/>" });
  const nobody = { call: () => Promise.reject(new Error("the service was touched")) };
  await expect(setTargetsNode(1, host.file, nobody)).rejects.toThrow("it has no <targets> section");
});
