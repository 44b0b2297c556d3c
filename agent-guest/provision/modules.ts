import type { Found, Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import type { Host } from "./host.ts";

/** Of the kernel, loaded and never unloaded. Their names are constants. */
export function modulePiece(name: string, needs: readonly string[] = []): Piece {
  return {
    id: moduleId(name),
    text: `module ${name} of the kernel`,
    needs,
    facts: {},
    settings: {},
    make: [{ type: "run", program: "modprobe", args: [name] }],
    remove: [],
    shared: "stays",
  };
}

export const moduleId = (name: string) => `module ${name}`;

/** Those of the names that are loaded, or built into the kernel. */
export function foundModules(host: Host, names: readonly string[]): Found[] {
  const release = host.read("/proc/sys/kernel/osrelease") ?? "";
  const builtIn = host.read(`/lib/modules/${release}/modules.builtin`) ?? "";
  const there = (name: string) => host.list(`/sys/module/${name}`) !== undefined || builtIn.includes(`/${name}.ko`);
  return names.filter(there).map((name) => modulePiece(name));
}
