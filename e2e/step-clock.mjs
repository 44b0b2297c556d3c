// Loaded into an agent before itself (node --import): its wall clock is set back by an hour once the file of that name is
// there. Node's own clocks cannot be set from outside, and setting the host's would disturb everything on it.
import { existsSync } from "node:fs";

const file = process.env.STEP_CLOCK_FILE;
const stepMs = -3_600_000;
const realNow = Date.now;
let stepped = false;
Date.now = () => realNow() + (stepped ? stepMs : 0);
setInterval(() => {
  stepped ||= existsSync(file);
}, 5).unref();
