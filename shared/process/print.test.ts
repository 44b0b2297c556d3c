import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("what a host is called, or says, moves no terminal", () => {
  const script = `
    import { printError, printOut } from ${JSON.stringify(join(import.meta.dirname, "print.ts"))};
    printOut("\\u001b]0;owned\\u0007 \\u009b2J\\n");
    printError("fio: \\u001b[31m\\u202e\\n");`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    encoding: "utf8",
  });
  expect({ stdout, stderr }).toEqual({
    stdout: "\\u001b]0;owned\\u0007 \\u009b2J\n",
    stderr: "fio: \\u001b[31m\\u202e\n",
  });
});
