import type { Found as FoundOf, Piece as PieceOf } from "@salvo/shared/agent/domain/provision/piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "./host.ts";
import type { PlainOp } from "./op.ts";

type Piece = PieceOf<PlainOp>;
type Found = FoundOf<PlainOp>;

/** Of the kernel, loaded and never unloaded. Their names and options are constants. */
export function modulePiece(name: string, { needs = [], options = [] }: ModuleOptions = {}): Piece {
  return {
    id: moduleId(name),
    kind: "module",
    text: `module ${name} of the kernel`,
    needs,
    facts: {},
    settings: {},
    make: [{ type: "run", program: "modprobe", args: [name, ...options] }],
    remove: [],
    shared: "stays",
  };
}

export interface ModuleOptions {
  readonly needs?: readonly string[];
  readonly options?: readonly string[];
}

export const moduleId = (name: string) => `module ${name}`;

/** As modulePiece. Throws `refused` where the kernel has no such module. */
export function wantedModule(name: string, host: Host, agent: string, options?: ModuleOptions): Piece {
  if (isThere(host, name) || isInstalled(host, name)) return modulePiece(name, options);
  throw new SalvoError("refused", `the kernel here (${release(host)}) has no module ${name}`, {
    host: agent,
    remedy: "Install it, or choose a kernel that has it: Debian's linux-image-amd64 does, its cloud kernel does not",
  });
}

/** Those of the names that are loaded, or built into the kernel. */
export function foundModules(host: Host, names: readonly string[]): Found[] {
  return names.filter((name) => isThere(host, name)).map((name) => modulePiece(name));
}

function isThere(host: Host, name: string): boolean {
  return host.list(`/sys/module/${name}`) !== undefined || isIn(host, "modules.builtin", name);
}

function isInstalled(host: Host, name: string): boolean {
  return isIn(host, "modules.dep", name);
}

/** In files' names it is - as often as _. */
function isIn(host: Host, list: string, name: string): boolean {
  const text = host.read(`/lib/modules/${release(host)}/${list}`) ?? "";
  return new RegExp(`/${name.replaceAll("_", "[-_]")}\\.ko`).test(text);
}

function release(host: Host): string {
  return host.read("/proc/sys/kernel/osrelease") ?? "";
}
