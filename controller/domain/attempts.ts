/** How often strangers may try something in vain; the memory it takes has a bound, however many they are. */
export interface Attempts {
  /** Whether one more attempt of that peer is taken; it counts until it is forgiven. */
  admit(peer: string, nowMs: number): boolean;
  /** It was none of those to be counted. */
  forgive(peer: string): void;
}

export interface AttemptLimits {
  readonly perPeerMax: number;
  /** Of all peers together: as many are remembered at most. */
  readonly inAllMax: number;
  readonly windowMs: number;
}

export function createAttempts({ perPeerMax, inAllMax, windowMs }: AttemptLimits): Attempts {
  const counts = new Map<string, number>();
  let inAll = 0;
  let endsMs = -Infinity;
  return {
    admit(peer, nowMs) {
      if (nowMs >= endsMs) {
        counts.clear();
        inAll = 0;
        endsMs = nowMs + windowMs;
      }
      const count = counts.get(peer) ?? 0;
      if (count >= perPeerMax || inAll >= inAllMax) return false;
      counts.set(peer, count + 1);
      inAll++;
      return true;
    },
    forgive(peer) {
      const count = counts.get(peer);
      if (count === undefined) return; // of a window that is over
      if (count === 1) counts.delete(peer);
      else counts.set(peer, count - 1);
      inAll--;
    },
  };
}
