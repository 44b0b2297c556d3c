/** Who stands in a server's doorway: connections that have not proven who they are. Pure. */

/** What becomes of a connection that comes when there is no room. */
export type Admission =
  | { readonly type: "admitted" }
  /** Another one has to go for it: its key. */
  | { readonly type: "instead-of"; readonly key: string }
  | { readonly type: "refused" };

export interface Doorway {
  readonly size: number;
  /** key: unlike any other's; host: where it comes from. */
  enter(key: string, host: string): Admission;
  /** It goes on with its TLS handshake done, and still counts: strangers may be served here. Nobody takes its place. */
  settle(key: string): void;
  /** It has proven who it is, or is gone. */
  leave(key: string): void;
}

/**
 * At most `max` at a time. A new one takes the place of the oldest of the host that has the most in a handshake: a handshake takes
 * milliseconds, so who stays for long is not about to prove anything, and who holds one connection is not driven out by who holds many.
 */
export function createDoorway(max: number): Doorway {
  /** In the order they came in. */
  const inside = new Map<string, { readonly host: string; settled: boolean }>();

  function oldestOfTheMost(): string | undefined {
    const counts = new Map<string, number>();
    for (const { host, settled } of inside.values()) if (!settled) counts.set(host, (counts.get(host) ?? 0) + 1);
    let most: string | undefined;
    for (const [host, count] of counts) if (count > (counts.get(most ?? "") ?? 0)) most = host;
    for (const [key, { host, settled }] of inside) if (host === most && !settled) return key;
    return undefined;
  }

  return {
    get size() {
      return inside.size;
    },
    enter(key, host) {
      let admission: Admission = { type: "admitted" };
      if (inside.size >= max) {
        const victim = oldestOfTheMost();
        if (victim === undefined) return { type: "refused" };
        inside.delete(victim);
        admission = { type: "instead-of", key: victim };
      }
      inside.set(key, { host, settled: false });
      return admission;
    },
    settle(key) {
      const known = inside.get(key);
      if (known) known.settled = true;
    },
    leave: (key) => void inside.delete(key),
  };
}
