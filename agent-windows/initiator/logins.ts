/** What sessions stand on, and the sessions to a portal. */
import type { Attachment } from "@salvo/proto/storage_pb.ts";
import { type PortalPlace, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import type { InitiatorState, Session } from "./state.ts";

const SERVICE_ID = "service MSiSCSI";
const MULTIPATH_ID = "multipath MPIO";
const portalId = (portal: PortalPlace) => `portal ${shownPortal(portal)}`;
export const loginId = (target: string, portal: PortalPlace) => `login ${target} ${shownPortal(portal)}`;

const SERVICE: Piece = {
  id: SERVICE_ID,
  kind: "service",
  text: "Windows' iSCSI initiator",
  needs: [],
  facts: {},
  settings: {},
  make: [{ type: "start-service" }],
  remove: [],
  shared: "stays",
};

const MULTIPATH: Piece = {
  id: MULTIPATH_ID,
  kind: "multipath",
  text: "MPIO, which makes one disk of several sessions",
  needs: [],
  facts: {},
  settings: {},
  make: [{ type: "enable-multipath" }],
  remove: [],
  shared: "stays",
};

export function isMultipath({ portals, sessions }: Attachment): boolean {
  return portals.length * sessions > 1;
}

export function wantedBase(attachments: readonly Attachment[]): Piece[] {
  if (attachments.length === 0) return [];
  const portals = new Map(attachments.flatMap(({ portals }) => portals.map((each) => [portalId(each), each])));
  return [
    SERVICE,
    ...(attachments.some(isMultipath) ? [MULTIPATH] : []),
    ...[...portals.values()].map(({ address, port }) => portalPiece({ address, port })),
  ];
}

/** Multipath I/O that Windows has not begun yet is not whole: restarted says whether it was, since this agent enabled it. */
export function foundBase({ serviceRuns, multipath, portals }: InitiatorState, restarted: boolean): Found[] {
  const waiting = restarted ? {} : { problem: "Windows was not restarted since MPIO was enabled" };
  return [
    ...(serviceRuns ? [SERVICE] : []),
    ...(multipath.ready ? [{ ...MULTIPATH, ...waiting }] : []),
    ...portals.map(portalPiece),
  ];
}

function portalPiece(portal: PortalPlace): Piece {
  return {
    id: portalId(portal),
    kind: "portal",
    text: `portal ${shownPortal(portal)}, where targets are looked for`,
    needs: [SERVICE_ID],
    facts: {},
    settings: {},
    make: [{ type: "add-portal", portal }],
    remove: [{ type: "remove-portal", portal }],
    shared: "goes",
  };
}

export function wantedLogin(attachment: Attachment, { address, port }: PortalPlace): Piece {
  const { target, sessions, chap } = attachment;
  const multipath = isMultipath(attachment);
  const portal = { address, port };
  const connect: Op = {
    type: "connect",
    target,
    portal,
    multipath,
    chap: chap && { user: chap.user, secret: chap.secret },
  };
  return {
    ...base(target, portal, sessions, chap ? "chap" : "none"),
    needs: [SERVICE_ID, portalId(portal), ...(multipath ? [MULTIPATH_ID] : [])],
    make: [...Array.from({ length: sessions }, () => connect), { type: "confirm-sessions", target, portal, sessions }],
  };
}

/** Those of all targets, of a portal together. */
export function foundLogins({ sessions, portals, multipath }: InitiatorState): Found[] {
  const groups = Map.groupBy(
    sessions.flatMap((session) => session.portals.slice(0, 1).map((portal) => ({ session, portal }))),
    ({ session, portal }) => loginId(session.target, portal),
  );
  const known = new Set(portals.map(portalId));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { portal } = first;
    const { target } = first.session;
    const down = group.filter(({ session }) => !session.connected).length;
    return [
      {
        ...base(target, portal, group.length, authenticationOf(first.session)),
        needs: [
          SERVICE_ID,
          ...(known.has(portalId(portal)) ? [portalId(portal)] : []),
          ...(group.length > 1 && multipath.ready ? [MULTIPATH_ID] : []),
        ],
        make: [],
        ...(down > 0 && { problem: `${down} of ${group.length} sessions have no connection` }),
      },
    ];
  });
}

function authenticationOf({ authentication }: Session): string {
  return /chap/i.test(authentication) ? "chap" : "none";
}

function base(target: string, portal: PortalPlace, sessions: number, authentication: string) {
  const remove: Op[] = [{ type: "disconnect", target, portal }];
  return {
    id: loginId(target, portal),
    kind: "login",
    text: `${sessions} session${sessions === 1 ? "" : "s"} to ${target} at ${shownPortal(portal)}: iscsi`,
    facts: { sessions: String(sessions), authentication },
    settings: {},
    remove,
  };
}
