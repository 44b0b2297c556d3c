/** How often strangers may try something in vain, and how many may try at once; the memory it takes has a bound, however many they are. */
export interface Attempts {
  /** Whether one more attempt of that peer may begin. One that may is under way until it is ended. */
  begin(peer: string, nowMs: number): AttemptAnswer;
  /** failed: it was in vain, and counts against the peer. */
  end(peer: string, failed: boolean, nowMs: number): void;
}

export type AttemptAnswer = "begun" | "too-many-failed" | "too-many-at-once";

export interface AttemptLimits {
  /** Failed ones, in a window of time. */
  readonly failedPerPeerMax: number;
  readonly failedInAllMax: number;
  readonly windowMs: number;
  /** Under way, of all peers together: none of them has failed yet. */
  readonly atOnceMax: number;
}

export function createAttempts({ failedPerPeerMax, failedInAllMax, windowMs, atOnceMax }: AttemptLimits): Attempts {
  const failures = new Map<string, number>();
  let failedInAll = 0;
  let underWay = 0;
  let endsMs = -Infinity;

  function forgetOld(nowMs: number): void {
    if (nowMs < endsMs) return;
    failures.clear();
    failedInAll = 0;
    endsMs = nowMs + windowMs;
  }

  return {
    begin(peer, nowMs) {
      forgetOld(nowMs);
      if ((failures.get(peer) ?? 0) >= failedPerPeerMax || failedInAll >= failedInAllMax) return "too-many-failed";
      if (underWay >= atOnceMax) return "too-many-at-once";
      underWay++;
      return "begun";
    },
    end(peer, failed, nowMs) {
      underWay--;
      if (!failed) return;
      forgetOld(nowMs);
      failures.set(peer, (failures.get(peer) ?? 0) + 1);
      failedInAll++;
    },
  };
}
