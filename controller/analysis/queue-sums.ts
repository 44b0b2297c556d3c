/** Requests in flight at a participant's disk, as its samples saw them. */
export interface QueueFigures {
  readonly participant: string;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly samples: number;
}

export interface QueueSums {
  add(participant: string, inFlight: number): void;
  all(): QueueFigures[];
}

export function createQueueSums(): QueueSums {
  const sums = new Map<string, { least: number; most: number; all: number; samples: number }>();
  return {
    add(participant, inFlight) {
      const sum = sums.get(participant) ?? { least: inFlight, most: inFlight, all: 0, samples: 0 };
      sum.least = Math.min(sum.least, inFlight);
      sum.most = Math.max(sum.most, inFlight);
      sum.all += inFlight;
      sum.samples++;
      sums.set(participant, sum);
    },
    all: () =>
      [...sums].map(([participant, { least, most, all, samples }]) => ({
        participant,
        least,
        most,
        mean: all / samples,
        samples,
      })),
  };
}
