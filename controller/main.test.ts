import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

test("a reader that leaves early, as head does, ends the command without a word", async () => {
  const salvo = spawn(process.execPath, [`${import.meta.dirname}/main.ts`, "help"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  salvo.stdout.destroy(); // long before the first word
  const [said, [code, signal]] = await Promise.all([text(salvo.stderr), once(salvo, "exit")]);
  expect({ said, code, signal }).toEqual({ said: "", code: null, signal: "SIGTERM" });
});
