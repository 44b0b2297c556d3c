/** Simulated commands of the host that have a process of their own: a name, then its arguments. It runs inside the host's root. */
import { perform } from "./perform.ts";
import { serveCalls } from "./serve.ts";

// A reader that has seen enough, as `head`, is no failure.
process.stdout.on("error", () => process.exit(141));
const [name = "", ...args] = process.argv.slice(2);
if (name === "serve") await serveCalls();
else {
  // A program that hangs has nothing to do, and Node would end it.
  const staying = setInterval(() => {}, 60_000);
  process.exitCode = await perform({
    name,
    args,
    cwd: process.cwd(),
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
  });
  clearInterval(staying);
}
