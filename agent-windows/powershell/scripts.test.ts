/** The scripts were parsed, and never run: there is no PowerShell here. What can be known of them without one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cmdlets } from "@salvo/shared/testing/cmdlets.ts";
import { parsePowerShell } from "@salvo/shared/testing/powershell.ts";
import { describe, expect, test } from "vitest";
import { SCRIPTS } from "./bridge.ts";

const folder = join(import.meta.dirname, "scripts");
const BRIDGE = "bridge.ps1";
const files = readdirSync(folder);
const textOf = (file: string) => readFileSync(join(folder, file), "utf8");

test("the bridge knows the scripts that are there, and no other", () => {
  expect(files.toSorted()).toEqual([BRIDGE, ...SCRIPTS.map((name) => `${name}.ps1`)].toSorted());
  const [, listed = ""] = /\[ValidateSet\(([^)]*)\)\]/.exec(textOf(BRIDGE)) ?? [];
  expect(listed.split(", ").map((name) => name.replaceAll("'", ""))).toEqual([...SCRIPTS]);
});

/** Whatever runs text, or fetches it. */
const FORBIDDEN =
  /\biex\b|Invoke-(Expression|Command|WebRequest|RestMethod)|ScriptBlock|Add-Type|EncodedCommand|WebClient|\bStart-Process\b|\.Invoke\(/i;

describe.for(files)("%s", (file) => {
  test("is PowerShell, in ASCII, with a block of parameters, and stops at every error", async () => {
    const text = textOf(file);
    expect((await parsePowerShell(text)).mistakes).toEqual([]);
    // PowerShell 5.1 takes UTF-8 without a mark for the host's own code page.
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).toMatch(/^param\(/m);
    expect(text).toContain("$ErrorActionPreference = 'Stop'");
  });

  test("uses commands that Windows documents, and runs no text", async () => {
    const script = await parsePowerShell(textOf(file));
    const others = script.commands.filter(({ name }) => !script.functions.includes(name) && !name.startsWith("&"));
    expect(
      others.filter(
        ({ name, parameters }) => parameters.some((each) => !cmdlets[name]?.includes(each)) || !cmdlets[name],
      ),
    ).toEqual([]);
    expect(textOf(file)).not.toMatch(FORBIDDEN);
    // The bridge calls the one file whose name it has checked; a script calls nothing by a variable.
    const composed = script.commands.filter(({ name }) => name.startsWith("&")).map(({ name }) => name);
    expect(composed).toEqual(file === BRIDGE ? ["& $path @arguments"] : []);
  });
});

test.for(["iex $x", "Invoke-Expression $x", "[ScriptBlock]::Create($x)", "$x.Invoke()", "Start-Process $x"])(
  "the rule sees %s",
  (text) => {
    expect(text).toMatch(FORBIDDEN);
  },
);
