// The real fio as it is when the host's clock is set back by an hour: all that it tells of the wall clock is in its dumps.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const fio = spawn("fio", process.argv.slice(2), { stdio: ["ignore", "pipe", "inherit"] });
process.on("SIGUSR1", () => fio.kill("SIGUSR1"));
let rest = "";
fio.stdout.setEncoding("utf8").on("data", (text) => {
  const lines = (rest + text).split("\n");
  rest = lines.pop();
  for (const line of lines) process.stdout.write(`${existsSync(process.env.STEP_CLOCK_FILE) ? setBack(line) : line}\n`);
});
fio.on("close", (code) => {
  process.stdout.write(rest);
  process.exitCode = code ?? 1;
});

function setBack(line) {
  return line.replace(/("timestamp_ms" : )(\d+)/, (_, key, ms) => `${key}${Number(ms) - 3_600_000}`);
}
