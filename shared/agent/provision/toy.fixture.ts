/** A host with as little on it as shows everything the engine must do: volumes, and exports that need them. */
import { create } from "@bufbuild/protobuf";
import { type TargetSpec, TargetSpecSchema, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import type * as engine from "../domain/provision/piece.ts";
import type { Provider } from "./provider.ts";

/** Nothing that a real host would know: the engine does not care. */
export type ToyOp =
  | { readonly type: "put"; readonly path: string; readonly value?: string }
  | { readonly type: "take"; readonly path: string };

type Piece = engine.Piece<ToyOp>;
type Found = engine.Found<ToyOp>;

/** What goes wrong with an op: it is not done; or it is, and nobody gets to know. */
export type Fault = "before" | "after";

export interface ToyHost {
  /** Folders have no value. */
  readonly tree: Map<string, string | undefined>;
  /** Of the ops to come; empty: none fails. */
  faults: (Fault | undefined)[];
  readonly done: ToyOp[];
}

export function toyHost(): ToyHost {
  return { tree: new Map(), faults: [], done: [] };
}

export interface ToySpec {
  readonly volumes: Readonly<Record<string, number>>;
  readonly exports: Readonly<Record<string, { readonly volume: string; readonly depth: number }>>;
}

/** Exports whose volume is not there are left out. */
export function toySpec({ volumes, exports }: ToySpec): TargetSpec {
  return create(TargetSpecSchema, {
    volumes: Object.entries(volumes).map(([name, size]) => ({
      name,
      kind: VolumeKind.RAM,
      sizeBytes: BigInt(size),
      sectorBytes: 512,
    })),
    exports: Object.entries(exports)
      .filter(([, { volume }]) => volume in volumes)
      .map(([name, { volume, depth }]) => ({
        name,
        transport: Transport.ISCSI,
        portals: [{ address: "10.0.0.1", port: 3260 }],
        luns: [{ number: 0, volume }],
        queueDepth: depth,
      })),
  });
}

export function toyProvider(host: ToyHost): Provider<TargetSpec, object, ToyOp> {
  return {
    async look() {
      const found = [...host.tree.keys()]
        .filter((path) => path.split("/").length === 3)
        .map((path) => find(host, path));
      return {
        found,
        show: () => ({}),
        wanted: ({ volumes, exports }) => [
          ...volumes.map(({ name, sizeBytes }) => volume(name, String(sizeBytes))),
          ...exports.map(({ name, luns, queueDepth }) => exported(name, luns[0]?.volume ?? "", String(queueDepth))),
        ],
      };
    },
    describe: (op) => [op.type, op.path, ...("value" in op ? [op.value] : [])].join(" "),
    async perform(op) {
      const fault = host.faults.shift();
      if (fault === "before") throw new Error("the toy host says no");
      perform(host, op);
      if (fault === "after") throw new Error("the toy host did it and was lost");
    },
  };
}

function find({ tree }: ToyHost, path: string): Found {
  const [, kind, name = ""] = path.split("/");
  const inside = [...tree.keys()].filter((each) => each.startsWith(`${path}/`));
  const value = (key: string) => tree.get(`${path}/${key}`) ?? "";
  const whole = kind === "volume" ? volume(name, value("size")) : exported(name, value("volume"), value("depth"));
  const remove: ToyOp[] = [
    ...inside.toReversed().map((each) => ({ type: "take", path: each }) as const),
    { type: "take", path },
  ];
  return { ...whole, remove, ...(value("on") !== "1" && { problem: "it is not on", make: [] }) };
}

function volume(name: string, size: string): Piece {
  const path = `/volume/${name}`;
  return { ...piece("volume", name, []), facts: { size }, settings: {}, make: making(path, { size }) };
}

function exported(name: string, of: string, depth: string): Piece {
  const path = `/export/${name}`;
  return {
    ...piece("export", name, of === "" ? [] : [`volume ${of}`]),
    facts: { volume: of },
    settings: { depth: { value: depth, ops: [{ type: "put", path: `${path}/depth`, value: depth }] } },
    make: making(path, { volume: of, depth }),
  };
}

function piece(kind: string, name: string, needs: readonly string[]) {
  const id = `${kind} ${name}`;
  return { id, kind, text: id, needs, remove: [{ type: "take", path: `/${kind}/${name}` }] } as const;
}

function making(path: string, values: Readonly<Record<string, string>>): ToyOp[] {
  const writes = Object.entries({ ...values, on: "1" });
  return [
    { type: "put", path },
    ...writes.map(([key, value]) => ({ type: "put", path: `${path}/${key}`, value }) as const),
  ];
}

function perform({ tree, done }: ToyHost, op: ToyOp): void {
  done.push(op);
  if (op.type === "take") take(tree, op.path);
  else if (op.value === undefined) {
    if (tree.has(op.path)) throw new Error(`${op.path} is there`);
    tree.set(op.path, undefined);
  } else {
    if (!tree.has(op.path.slice(0, op.path.lastIndexOf("/")))) throw new Error(`no folder for ${op.path}`);
    // As in configfs, what is in use cannot be made another.
    if (!op.path.endsWith("/depth") && tree.has(op.path)) throw new Error(`${op.path} cannot be changed`);
    tree.set(op.path, op.value);
    if (op.path.endsWith("/volume") && !tree.has(`/volume/${op.value}`)) throw new Error(`no volume ${op.value}`);
  }
}

function take(tree: ToyHost["tree"], path: string): void {
  if ([...tree.keys()].some((each) => each.startsWith(`${path}/`))) throw new Error(`${path} is not empty`);
  const user = [...tree].find(([key, value]) => key.endsWith("/volume") && path === `/volume/${value ?? ""}`);
  if (user) throw new Error(`${path} is in use by ${user[0]}`);
  if (!tree.delete(path)) throw new Error(`${path} is not there`);
}
