/** The agent of a Windows host. Only what must come before anything else is loaded; the program is program.ts. */
import "./disposable-stack.ts";

await import("./program.ts");
