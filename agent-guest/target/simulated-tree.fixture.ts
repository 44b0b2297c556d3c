/** The files of a simulated kernel, and what it says no with. */

/** undefined: a folder; an object: a link. */
export type Node = string | undefined | { readonly to: string };

export type Nodes = Map<string, Node>;

export const CONFIG = "/sys/kernel/config";
export const TARGET = `${CONFIG}/target`;

export const no = (errno: string) => Object.assign(new Error(errno), { code: errno });
export const inside = (nodes: Nodes, path: string) => [...nodes.keys()].filter((each) => each.startsWith(`${path}/`));
export const parent = (path: string) => path.slice(0, path.lastIndexOf("/"));
export const isFolder = (nodes: Nodes, path: string) => nodes.has(path) && nodes.get(path) === undefined;

export function linksTo(nodes: Nodes, path: string): string[] {
  return [...nodes].flatMap(([at, node]) => (typeof node === "object" && node.to === path ? [at] : []));
}
