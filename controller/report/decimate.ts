/** x and y; a null y is a gap in the line. */
export type Point = readonly [x: number, y: number | null];

/**
 * At most pointsMax points that look like the line: each bucket of neighbours keeps its least and its greatest, in their
 * order, so that no spike and no zero is lost. A gap stays a gap.
 */
export function decimate(points: readonly Point[], pointsMax: number): readonly Point[] {
  if (points.length <= pointsMax) return points;
  const perBucket = Math.ceil(points.length / Math.max(1, Math.floor(pointsMax / 3)));
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += perBucket) {
    kept.push(...extremes(points.slice(start, start + perBucket)));
  }
  return kept;
}

/** The least, the greatest and the first gap of a bucket, ascending. */
function extremes(bucket: readonly Point[]): Point[] {
  let least: Point | undefined;
  let greatest: Point | undefined;
  let gap: Point | undefined;
  for (const point of bucket) {
    const [, y] = point;
    if (y === null) {
      gap ??= point;
      continue;
    }
    if (least === undefined || y < (least[1] ?? 0)) least = point;
    if (greatest === undefined || y > (greatest[1] ?? 0)) greatest = point;
  }
  const kept = new Set([least, greatest, gap].filter((point) => point !== undefined));
  return [...kept].sort((a, b) => a[0] - b[0]);
}
