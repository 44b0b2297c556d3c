import { exportOfIscsiName, type Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found, Piece } from "./piece.ts";
import type { Host } from "../provision/host.ts";
import type { Secrets } from "../provision/secrets.ts";
import { iscsiFabricId } from "./base.ts";
import { targetId } from "./ids.ts";
import { initiatorPiece, type Login, lun, mapping, opening, portalPiece, target } from "./iscsi.ts";
import { BACKENDS, backendPath, groupPath, ISCSI_FABRIC, targetPath, volumePrefix } from "./places.ts";

interface IscsiDeps {
  readonly host: Host;
  readonly maker: Maker;
  readonly secrets: Secrets;
}

/** Every target there is; of this agent's own ones, every part of them, whoever made it. */
export function foundIscsi(deps: IscsiDeps): Found[] {
  const { host, maker } = deps;
  const folders = (host.list(ISCSI_FABRIC) ?? []).filter((name) => /^(iqn|eui|naa)\./.test(name));
  return folders.flatMap((iqn) => {
    const name = exportOfIscsiName(maker, iqn);
    return name === undefined ? [othersTarget(iqn)] : findExport(name, deps);
  });
}

function othersTarget(iqn: string): Found {
  return {
    id: targetId(iqn),
    kind: "target",
    text: `target ${iqn} of LIO`,
    needs: [iscsiFabricId],
    facts: {},
    settings: {},
    make: [],
    remove: [],
  };
}

function findExport(name: string, deps: IscsiDeps): Found[] {
  const { host, maker } = deps;
  const group = groupPath(maker, name);
  const groups = (host.list(targetPath(maker, name)) ?? []).filter((each) => /^tpgt_\d+$/.test(each));
  const others = groups.filter((each) => !group.endsWith(each)).map((each) => othersGroup(name, each));
  const found = findTarget(name, group, deps);
  if (!groups.some((each) => group.endsWith(each))) {
    const remove = [{ type: "rmdir", path: targetPath(maker, name) } as const];
    return [{ ...found, make: [], remove, problem: "it has no portal group" }, ...others];
  }
  const parts = [
    ...findLuns(name, group, deps),
    ...findPortals(name, group, deps),
    ...findInitiators(name, group, deps),
  ];
  const all = [found, ...parts];
  const enabled = host.read(`${group}/enable`) === "1";
  return [
    ...all,
    ...others,
    ...(enabled
      ? [
          opening(
            maker,
            name,
            all.map(({ id }) => id),
          ),
        ]
      : []),
  ];
}

function othersGroup(name: string, group: string): Found {
  const id = `target ${name} ${group}`;
  return {
    id,
    kind: "group",
    text: `another portal group of ${name}`,
    needs: [targetId(name)],
    facts: {},
    settings: {},
    make: [],
    remove: [],
  };
}

function findTarget(name: string, group: string, deps: IscsiDeps): Piece {
  const read = (file: string) => deps.host.read(`${group}/attrib/${file}`) ?? "";
  const who = ["generate_node_acls", "cache_dynamic_acls", "demo_mode_write_protect"].map(read).join("");
  const attributes = {
    anybody: who === "110",
    authentication: read("authentication") === "1",
    depth: read("default_cmdsn_depth"),
    chap: findLogin(group, deps),
  };
  const piece = target(deps.maker, name, attributes);
  if (who === "110" || who === "001") return piece;
  const mixed = { ...piece.settings["who may log in"], value: "nobody can tell", ops: [] };
  return { ...piece, settings: { ...piece.settings, "who may log in": mixed } };
}

function findLogin(path: string, { host, secrets }: IscsiDeps): Login | undefined {
  const user = host.read(`${path}/auth/userid`) ?? "";
  const password = host.read(`${path}/auth/password`) ?? "";
  const none = (text: string) => text === "" || text === "NULL";
  return none(user) && none(password) ? undefined : { user, mark: secrets.fingerprint(password) };
}

function findLuns(name: string, group: string, { host, maker }: IscsiDeps): Found[] {
  return numbered(host, `${group}/lun`).map((number) => {
    const path = `${group}/lun/lun_${number}`;
    const link = linksIn(host, path)[0];
    if (!link) {
      const piece = lun(maker, name, number, { volume: "nothing", backend: "rd_mcp" });
      return {
        ...piece,
        needs: [targetId(name)],
        make: [],
        remove: [{ type: "rmdir", path }],
        problem: "it has no volume",
      };
    }
    const { volume, backend } = volumeAt(link.leadsTo, maker);
    const piece = lun(maker, name, number, { volume, backend });
    return {
      ...piece,
      remove: [
        { type: "unlink", path: `${path}/${link.name}` },
        { type: "rmdir", path },
      ],
    };
  });
}

/** A link of configfs tells where it leads in its own way: ../../../target/core/rd_mcp_0/name. */
export function volumeAt(leadsTo: string, maker: Maker) {
  const [hba = "", folder = ""] = leadsTo.split("/").slice(-2);
  const backend = BACKENDS.find((each) => backendPath(each).endsWith(`/${hba}`));
  const prefix = volumePrefix(maker);
  const own = backend !== undefined && folder.startsWith(prefix);
  return { volume: own ? folder.slice(prefix.length) : `${hba}/${folder}`, backend: backend ?? "rd_mcp" } as const;
}

function findPortals(name: string, group: string, { host, maker }: IscsiDeps): Found[] {
  return (host.list(`${group}/np`) ?? []).map((portal) =>
    portalPiece(maker, name, portal, host.read(`${group}/np/${portal}/iser`) === "1"),
  );
}

function findInitiators(name: string, group: string, deps: IscsiDeps): Found[] {
  const { host, maker } = deps;
  return (host.list(`${group}/acls`) ?? []).flatMap((initiator) => {
    const path = `${group}/acls/${initiator}`;
    const depth = host.read(`${path}/cmdsn_depth`) ?? "";
    const mappings = numbered(host, path).map((number): Found => {
      const piece = mapping(maker, name, initiator, number);
      const link = linksIn(host, `${path}/lun_${number}`)[0];
      const rmdir = { type: "rmdir", path: `${path}/lun_${number}` } as const;
      if (!link) return { ...piece, make: [], remove: [rmdir], problem: "it has no LUN" };
      return { ...piece, remove: [{ type: "unlink", path: `${path}/lun_${number}/${link.name}` }, rmdir] };
    });
    return [initiatorPiece(maker, name, initiator, { depth, chap: findLogin(path, deps) }), ...mappings];
  });
}

export function numbered(host: Host, folder: string): string[] {
  return (host.list(folder) ?? []).flatMap((entry) => /^lun_(\d+)$/.exec(entry)?.[1] ?? []);
}

export function linksIn(host: Host, folder: string): { readonly name: string; readonly leadsTo: string }[] {
  return (host.list(folder) ?? []).flatMap((name) => {
    const leadsTo = host.readLink(`${folder}/${name}`);
    return leadsTo === undefined ? [] : [{ name, leadsTo }];
  });
}
