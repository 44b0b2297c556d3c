import { execFileSync } from "node:child_process";
import { parsePowerShell } from "@salvo/shared/testing/powershell.fixture.ts";
import { expect, test } from "vitest";
import { cmdlets } from "@salvo/shared/testing/cmdlets.fixture.ts";
import { linuxLine, type Paste, windowsLine } from "./paste-line.ts";

const paste: Paste = {
  agent: "guest1",
  url: "http://[fd00::7]:40001/9aZ-_/salvo-agent.tar.gz",
  sha256: "0123456789abcdef".repeat(4),
  token: `${"0".repeat(16)}.${"A-_z".repeat(10)}abc.${"A".repeat(43)}`,
  controller: "[fd00::7]:40002",
};
const more = {
  folder: "0.1.0-0123456789ab",
  identityDir: "/var/lib/salvo/it's here",
  config: "id: guest1\n# it's $(all)\n",
};

test("the line for Linux is one line that sh understands", () => {
  const line = linuxLine(paste, more);
  expect(line).not.toContain("\n");
  expect(execFileSync("sh", ["-n", "-c", line], { encoding: "utf8" })).toBe("");
});

test("it compares before it unpacks, and the token goes to a builtin alone", () => {
  const steps = linuxLine(paste, more).slice(1, -1).split("; ");
  const at = (text: string) => steps.findIndex((step) => step.includes(text));
  expect(at(`${paste.sha256}  -`)).toBeGreaterThan(at("curl"));
  expect(at("tar -xzf")).toBeGreaterThan(at(`${paste.sha256}  -`));
  const withToken = steps.filter((step) => step.includes(paste.token));
  expect(withToken).toEqual([expect.stringMatching(/^printf %s '[\w.-]+' \| h join /)]);
});

test("what has quotes stays one argument, and the agent's file arrives as it is", () => {
  const line = linuxLine(paste, more);
  expect(
    execFileSync("sh", ["-c", `printf %s ${/(?<=h join \S+ \S+ )'.*?here'/.exec(line)?.[0]}`], { encoding: "utf8" }),
  ).toBe(more.identityDir);
  const encoded = /echo ([\w+/=]+) \| base64/.exec(line)?.[1] ?? "";
  expect(Buffer.from(encoded, "base64").toString()).toBe(more.config);
});

test("the line for Windows is one line of PowerShell, with commands and parameters that 5.1 has", async () => {
  const line = windowsLine(paste, { listen: "0.0.0.0:7400" });
  expect(line).not.toContain("\n");
  const { mistakes, commands } = await parsePowerShell(line);
  expect(mistakes).toEqual([]);
  const known = {
    ...cmdlets,
    // Windows' own, and after -File the installer's.
    "powershell.exe": ["NoProfile", "ExecutionPolicy", "File", "Controller", "TokenFile", "Id", "Listen"],
  };
  const inner = commands.filter(({ name }) => !name.startsWith("& {"));
  expect(inner.map(({ name }) => name)).toContain("powershell.exe");
  for (const { name, parameters } of inner)
    expect(known, name).toHaveProperty([name], expect.arrayContaining([...parameters]));
  expect(line.indexOf(paste.sha256)).toBeLessThan(line.indexOf("Expand-Archive"));
  expect(line.split(paste.token)).toHaveLength(2);
  expect(line).toContain(`WriteAllText("$d\\token.txt", '${paste.token}')`);
});

test.for<[keyof Paste, string]>([
  ["agent", "guest1'; reboot"],
  ["url", "http://host/$(reboot)"],
  ["controller", "host:1 2"],
  ["token", "a'b"],
  ["sha256", "0".repeat(63)],
])("nothing that means something to a shell gets into a line: %s", ([field, text]) => {
  expect(() => linuxLine({ ...paste, [field]: text }, more)).toThrow(/^bug: /);
  expect(() => windowsLine({ ...paste, [field]: text }, { listen: "0.0.0.0:1" })).toThrow(/^bug: /);
});
