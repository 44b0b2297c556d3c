/** Who is signed in at the page. A link works once and soon; a session ends by itself. Nothing of it outlives the server. */
import { createHash, randomBytes } from "node:crypto";

export interface Session {
  /** Every request that changes something must bring it, so that a page of others cannot send one. */
  readonly csrf: string;
}

export interface Sessions {
  /** The secret of a new link. It works once, within LINK_LIFE_MS. */
  link(): string;
  /** The cookie of a new session; undefined for a link that was used, is old, or never was. */
  signIn(link: string): string | undefined;
  /** The session of a cookie; undefined when it has ended or never was. */
  find(cookie: string): Session | undefined;
  signOut(cookie: string): void;
}

export const LINK_LIFE_MS = 15 * 60_000;
export const SESSION_LIFE_MS = 12 * 60 * 60_000;
const SECRET_BYTES = 32;

export function createSessions(nowMs: () => number): Sessions {
  // By hash: to find an entry tells nobody how much of a guess was right.
  const links = new Map<string, number>();
  const sessions = new Map<string, Session & { readonly untilMs: number }>();
  return {
    link() {
      const secret = newSecret();
      links.set(hashOf(secret), nowMs() + LINK_LIFE_MS);
      return secret;
    },
    signIn(link) {
      const hash = hashOf(link);
      const untilMs = links.get(hash);
      links.delete(hash);
      if (untilMs === undefined || untilMs <= nowMs()) return undefined;
      for (const [each, session] of sessions) if (session.untilMs <= nowMs()) sessions.delete(each);
      const cookie = newSecret();
      sessions.set(hashOf(cookie), { csrf: newSecret(), untilMs: nowMs() + SESSION_LIFE_MS });
      return cookie;
    },
    find(cookie) {
      const session = sessions.get(hashOf(cookie));
      return session && session.untilMs > nowMs() ? { csrf: session.csrf } : undefined;
    },
    signOut: (cookie) => void sessions.delete(hashOf(cookie)),
  };
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
