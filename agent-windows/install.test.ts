/**
 * install.ps1 was never run: there is no Windows here. What can be known without one: that it is PowerShell, that it uses
 * commands and parameters which Windows PowerShell 5.1 documents, and nothing that runs text.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, parsePowerShell, type PowerShell } from "@salvo/shared/testing/powershell.fixture.ts";
import { beforeAll, expect, test } from "vitest";
import { cmdlets } from "@salvo/shared/testing/cmdlets.fixture.ts";

const text = readFileSync(join(import.meta.dirname, "install.ps1"), "utf8");
let script: PowerShell;
beforeAll(async () => {
  script = await parsePowerShell(text);
});

test("the installer is PowerShell, in ASCII", () => {
  expect(script.mistakes).toEqual([]);
  expect(script.functions.length).toBeGreaterThan(10);
  // PowerShell 5.1 takes UTF-8 without a mark for the host's own code page.
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
});

test("every function is used, and every other command is one that Windows has, with parameters that it has", () => {
  const used = new Set(script.commands.map(({ name }) => name));
  expect(script.functions.filter((name) => !used.has(name))).toEqual([]);
  const unknown = script.commands
    .filter(({ name }) => !script.functions.includes(name) && !name.startsWith("&"))
    .filter(({ name, parameters }) => parameters.some((each) => !cmdlets[name]?.includes(each)) || !cmdlets[name]);
  expect(unknown).toEqual([]);
});

test("the one program that it starts is its own Node, and its exit code is looked at at once", () => {
  const started = script.commands.filter(({ name }) => name.startsWith("&"));
  expect(started).toMatchObject([{ within: "Invoke-Node", name: expect.stringContaining("'node.exe'") }]);
  expect(text).toMatch(/^ {4}& .*\n {4}if \(\$LASTEXITCODE -ne 0\) \{ throw /m);
});

test("nothing runs text, and nothing comes from the network", () => {
  expect(text).not.toMatch(
    /\biex\b|Invoke-(Expression|Command|WebRequest|RestMethod)|ScriptBlock|Add-Type|EncodedCommand|WebClient/i,
  );
  expect(new Set(script.types)).not.toContain("scriptblock");
});

test("every failure ends it: errors stop, and none is passed over but where absence is an answer", () => {
  expect(text).toContain("$ErrorActionPreference = 'Stop'");
  const quiet = script.commands.filter(({ parameters }) => parameters.includes("ErrorAction")).map(({ name }) => name);
  const questions = new Set(["Get-ScheduledTask", "Get-Process", "Get-NetTCPConnection", "Get-NetFirewallRule"]);
  // What Stop-Process cannot end, WaitForExit tells.
  expect(quiet.filter((name) => !questions.has(name))).toEqual(["Stop-Process"]);
});

test.for<readonly [string, string, Partial<Command>]>([
  ["an unknown command", "Get-Nothing -Path x", { name: "Get-Nothing", parameters: ["Path"] }],
  ["a call of what a variable holds", "& $x 1", { name: "& $x 1" }],
])("the grammar sees %s", async ([, line, command]) => {
  const { commands } = await parsePowerShell(`function Invoke-It {\n${line}\n}`);
  expect(commands).toMatchObject([{ within: "Invoke-It", ...command }]);
});

test("the grammar sees mistakes", async () => {
  expect((await parsePowerShell("if ($a { b }")).mistakes).not.toEqual([]);
});
