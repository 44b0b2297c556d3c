import type { Source } from "./sources.ts";

/** Each cycle once, as "a.ts -> b.ts -> a.ts". An import of types alone is an import. */
export function importCycles(sources: readonly Source[]): string[] {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports.flatMap((each) => each.path ?? [])]));
  const done = new Set<string>();
  const cycles: string[] = [];

  function visit(path: string, way: readonly string[]): void {
    if (way.includes(path)) return void cycles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
    if (done.has(path)) return;
    for (const next of importsOf.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  }

  for (const path of importsOf.keys()) visit(path, []);
  return cycles;
}
