/** The agent beside an ESXi host, on any Linux host. The program is program.ts. */
await import("./program.ts");
