import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ignoredSignals } from "./end-signals.ts";

test("the launcher's mask names the signals that are ignored", () => {
  expect([...ignoredSignals({ SALVO_SIGIGN: "0000000000000001" })]).toEqual(["SIGHUP"]);
  expect([...ignoredSignals({ SALVO_SIGIGN: "0000000001001006" })]).toEqual(["SIGINT"]); // 2 and 3, as a script's `&` has it
  expect([...ignoredSignals({ SALVO_SIGIGN: "4003" })]).toEqual(["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const none of [undefined, "", "0", "no mask"]) expect([...ignoredSignals({ SALVO_SIGIGN: none })]).toEqual([]);
});

test.for(["bin/salvo", "bin/salvo-agent-guest", "agent-guest/deploy/salvo-agent-guest"])(
  "%s tells Node what it was started to ignore, and Node's own children do not get to see it",
  async (launcher) => {
    const script = readFileSync(join(import.meta.dirname, "../..", launcher), "utf8");
    // What it does between the set-up and the program that it becomes.
    const telling = script.slice(script.indexOf("# Node sets"), script.indexOf("exec "));
    const program = `
      import { keepIgnoring, onEndSignal } from ${JSON.stringify(join(import.meta.dirname, "end-signals.ts"))};
      keepIgnoring();
      onEndSignal((signal) => process.stdout.write(signal, () => process.exit(0)));
      setInterval(() => {}, 1000);
      process.stdout.write(\`mask \${process.env.SALVO_SIGIGN}\\n\`);`;
    const line = `set -eu; trap "" HUP; ${telling}\nexec "$0" --input-type=module-typescript --eval "$1"`;
    const child = spawn("sh", ["-c", line, process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    const reading = (async () => {
      for await (const chunk of child.stdout) {
        said += String(chunk);
        if (said !== "mask undefined\n") continue;
        child.kill("SIGHUP");
        child.kill("SIGTERM");
      }
    })();
    const [code] = (await once(child, "exit")) as [number]; // the first argument of Node's `exit` event
    await reading;
    expect({ code, said }).toEqual({ code: 0, said: "mask undefined\nSIGTERM" });
  },
);
