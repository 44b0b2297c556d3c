/**
 * The agent of a Linux guest. Only what must come before anything else is loaded; the program is program.ts.
 *
 * V8 doubles its space for young objects as it likes, up to 32 MiB, and hands little of it back. An agent makes 0.4 MB of
 * garbage in each tick, for which 2 MiB do: that spares the measured host some 15 MB.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--semi-space-growth-factor=1");
await import("./program.ts");
