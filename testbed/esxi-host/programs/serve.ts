/**
 * Answers the host's programs from one process: a start of Node for each command takes ten times as long as the command. A program
 * writes its call to one pipe (boot/root.ts), and waits at a pipe of its own for its exit code. Its output is in two files beside it.
 */
import { writeFileSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { CALL_END, REQUESTS, WORD_END } from "../boot/calls.ts";
import { perform } from "./perform.ts";

export async function serveCalls(): Promise<void> {
  // For both, so that it does not end when a program has written.
  const pipe = await open(REQUESTS, "r+");
  let rest = "";
  for await (const chunk of pipe.createReadStream({ encoding: "utf8" })) {
    const calls = `${rest}${String(chunk)}`.split(CALL_END);
    rest = calls.pop() ?? "";
    for (const call of calls) answer(call).catch((error: unknown) => console.error("a program of the host:", error));
  }
}

async function answer(call: string): Promise<void> {
  const [place = "", cwd = "/", name = "", ...args] = call.split(WORD_END);
  const said: { out: Buffer[]; err: string } = { out: [], err: "" };
  const code = await perform({
    name,
    args,
    cwd,
    write: (text) => void said.out.push(Buffer.from(text)),
    writeError: (text) => void (said.err += text),
  }).catch((error: unknown) => {
    said.err += `${error instanceof Error ? error.stack : String(error)}\n`;
    return 70;
  });
  writeFileSync(`${place}.out`, Buffer.concat(said.out));
  writeFileSync(`${place}.err`, said.err);
  // A program that was ended has gone, and its pipe stays: for both, so that nobody is waited for.
  await writeFile(place, `${code}\n`, { flag: "r+" });
}
