import { type Export, Transport } from "@salvo/proto/storage_pb.ts";
import { iscsiName, type Maker, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "./op.ts";
import type { Piece, Setting } from "./piece.ts";
import { moduleId } from "../provision/modules.ts";
import type { Secrets } from "../provision/secrets.ts";
import { iscsiFabricId } from "./base.ts";
import { initiatorId, lunId, mappingId, openingId, portalId, targetId } from "./ids.ts";
import { type Backend, groupPath, targetPath, volumePath } from "./places.ts";
import { volumeId } from "./volumes.ts";

/** What LIO has by itself (default_cmdsn_depth of a new portal group). */
export const QUEUE_DEPTH = 64;

/** Names of values, as people know them, of what can be changed in use. */
type Settings = Readonly<Record<string, Setting>>;

/** An export's pieces, in the order in which they can be made; initiators come in when the last is. */
export function wantedIscsi(
  wanted: Export,
  maker: Maker,
  backendOf: (volume: string) => Backend,
  secrets: Secrets,
): Piece[] {
  const { name, transport, portals, luns, initiators, chap, queueDepth } = wanted;
  const depth = String(queueDepth || QUEUE_DEPTH);
  const login = chap && { user: chap.user, secret: chap.secret, mark: secrets.fingerprint(secrets.read(chap.secret)) };
  const open = initiators.length === 0;
  const attributes = { anybody: open, authentication: login !== undefined, depth, chap: open ? login : undefined };
  const parts = [
    ...luns.map(({ number, volume }) => lun(maker, name, String(number), { volume, backend: backendOf(volume) })),
    ...portals.map((portal) => portalPiece(maker, name, shownPortal(portal), transport === Transport.ISER)),
    ...initiators.flatMap((initiator) => [
      initiatorPiece(maker, name, initiator, { depth, chap: login }),
      ...luns.map(({ number }) => mapping(maker, name, initiator, String(number))),
    ]),
  ];
  const all = [target(maker, name, attributes), ...parts];
  return [
    ...all,
    opening(
      maker,
      name,
      all.map(({ id }) => id),
    ),
  ];
}

export interface Login {
  readonly user: string;
  /** The file's name; unknown of what is found. */
  readonly secret?: string;
  /** Of the secret: Secrets.fingerprint. */
  readonly mark: string;
}

export interface TargetAttributes {
  readonly anybody: boolean;
  readonly authentication: boolean;
  readonly depth: string;
  readonly chap: Login | undefined;
}

export function target(maker: Maker, name: string, attributes: TargetAttributes): Piece {
  const group = groupPath(maker, name);
  const settings = targetSettings(group, attributes);
  return {
    id: targetId(name),
    kind: "target",
    text: `target ${name}: ${iscsiName(maker, name)}`,
    needs: [iscsiFabricId],
    facts: { fabric: "iscsi", export: name },
    settings,
    make: [{ type: "mkdir", path: targetPath(maker, name) }, { type: "mkdir", path: group }, ...madeWith(settings)],
    remove: [
      { type: "rmdir", path: group },
      { type: "rmdir", path: targetPath(maker, name) },
    ],
  };
}

function targetSettings(group: string, { anybody, authentication, depth, chap }: TargetAttributes): Settings {
  const flag = (on: boolean) => (on ? "1" : "0");
  const attribute = (file: string, value: string): Op => ({ type: "write", path: `${group}/attrib/${file}`, value });
  return {
    "who may log in": {
      value: anybody ? "anybody" : "who is listed",
      ops: [
        attribute("generate_node_acls", flag(anybody)),
        attribute("cache_dynamic_acls", flag(anybody)),
        attribute("demo_mode_write_protect", flag(!anybody)),
      ],
    },
    authentication: { value: authentication ? "on" : "off", ops: [attribute("authentication", flag(authentication))] },
    "queue depth": { value: depth, ops: [attribute("default_cmdsn_depth", depth)] },
    chap: chapSetting(group, chap),
  };
}

/** Without a login of its own, a new one has none. */
function madeWith(settings: Settings): Op[] {
  return Object.values(settings).flatMap(({ value, ops }) => (value === NO_LOGIN ? [] : ops));
}

const NO_LOGIN = "none";

/** LIO's word for no value is NULL. */
function chapSetting(path: string, chap: Login | undefined): Setting {
  const userid = (value: string): Op => ({ type: "write", path: `${path}/auth/userid`, value });
  const password = `${path}/auth/password`;
  if (!chap) return { value: NO_LOGIN, ops: [userid("NULL"), { type: "write", path: password, value: "NULL" }] };
  const { user, secret, mark } = chap;
  const ops: Op[] = secret === undefined ? [] : [userid(user), { type: "write-secret", path: password, secret }];
  return { value: `${user} (secret ${mark})`, ops };
}

export function lun(maker: Maker, name: string, number: string, { volume, backend }: LunOf): Piece {
  const path = `${groupPath(maker, name)}/lun/lun_${number}`;
  const link = `${path}/volume`;
  return {
    id: lunId(name, number),
    kind: "lun",
    text: `LUN ${number} of ${name}: volume ${volume}`,
    needs: [targetId(name), volumeId(volume)],
    facts: { export: name, number, volume },
    settings: {},
    make: [
      { type: "mkdir", path },
      { type: "symlink", path: link, target: volumePath(maker, backend, volume) },
    ],
    remove: [
      { type: "unlink", path: link },
      { type: "rmdir", path },
    ],
  };
}

export interface LunOf {
  readonly volume: string;
  readonly backend: Backend;
}

export function portalPiece(maker: Maker, name: string, portal: string, iser: boolean): Piece {
  const path = `${groupPath(maker, name)}/np/${portal}`;
  return {
    id: portalId(name, portal),
    kind: "portal",
    text: `portal of ${name}: ${portal}, ${iser ? "iSER" : "TCP"}`,
    needs: [targetId(name), ...(iser ? [moduleId("ib_isert")] : [])],
    facts: { export: name, portal, transport: iser ? "iser" : "tcp" },
    settings: {},
    make: [{ type: "mkdir", path }, ...(iser ? [{ type: "write", path: `${path}/iser`, value: "1" } as const] : [])],
    remove: [{ type: "rmdir", path }],
  };
}

export function initiatorPiece(
  maker: Maker,
  name: string,
  initiator: string,
  { depth, chap }: { readonly depth: string; readonly chap: Login | undefined },
): Piece {
  const path = `${groupPath(maker, name)}/acls/${initiator}`;
  const settings: Settings = {
    "queue depth": { value: depth, ops: [{ type: "write", path: `${path}/cmdsn_depth`, value: depth }] },
    chap: chapSetting(path, chap),
  };
  return {
    id: initiatorId(name, initiator),
    kind: "initiator",
    text: `initiator of ${name}: ${initiator}`,
    needs: [targetId(name)],
    facts: {},
    settings,
    make: [{ type: "mkdir", path }, ...madeWith(settings)],
    remove: [{ type: "rmdir", path }],
  };
}

/** What is listed by name sees only the LUNs that are mapped to it. */
export function mapping(maker: Maker, name: string, initiator: string, number: string): Piece {
  const group = groupPath(maker, name);
  const path = `${group}/acls/${initiator}/lun_${number}`;
  return {
    id: mappingId(name, initiator, number),
    kind: "mapping",
    text: `LUN ${number} of ${name}, for ${initiator}`,
    needs: [initiatorId(name, initiator), lunId(name, number)],
    facts: {},
    settings: {},
    make: [
      { type: "mkdir", path },
      { type: "symlink", path: `${path}/mapped`, target: `${group}/lun/lun_${number}` },
    ],
    remove: [
      { type: "unlink", path: `${path}/mapped` },
      { type: "rmdir", path },
    ],
  };
}

export function opening(maker: Maker, name: string, needs: readonly string[]): Piece {
  const path = `${groupPath(maker, name)}/enable`;
  return {
    id: openingId(name),
    kind: "opening",
    text: `opening of ${name}: initiators may log in`,
    needs,
    facts: {},
    settings: {},
    make: [{ type: "write", path, value: "1" }],
    remove: [{ type: "write", path, value: "0" }],
  };
}
