import type { HostCpu } from "../cores.ts";
import { busyShare } from "../cores.ts";
import { pngDataUri, type Rgba } from "../png.ts";

/** A picture of busy cores, core 0 at the top, from its first to its last second after T0. */
export interface Heatmap {
  readonly uri: string;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

const COLUMNS_MAX = 480;
/** 0 is "not measured"; 1 to 101 are 0 % to 100 %. */
const PALETTE: readonly Rgba[] = [[0, 0, 0, 0], ...Array.from({ length: 101 }, (_, percent) => heat(percent / 100))];

/** Each column is one tick, or the mean of several; what was not measured is transparent. */
export function heatmapOf({ cores, ticks, rows }: HostCpu, intervalMs: number): Heatmap {
  const first = ticks[0] ?? 1;
  const count = (ticks.at(-1) ?? first) - first + 1;
  const perColumn = Math.ceil(count / COLUMNS_MAX);
  const columns = Math.ceil(count / perColumn);
  const cells = Map.groupBy(rows, ({ core, tick }) => core * columns + Math.floor((tick - first) / perColumn));
  const pixels = new Uint8Array(columns * cores);
  for (const [cell, rows] of cells) {
    const share = busyShare(rows);
    if (share !== undefined) pixels[cell] = 1 + Math.round(share * 100);
  }
  return {
    uri: pngDataUri(columns, cores, pixels, PALETTE),
    fromSeconds: ((first - 1) * intervalMs) / 1000,
    toSeconds: ((first - 1 + columns * perColumn) * intervalMs) / 1000,
  };
}

/** The scale as CSS colours from 0 % to 100 %. */
export function heatScale(): readonly string[] {
  return [0, 0.2, 0.4, 0.6, 0.8, 0.9, 1].map((share) => {
    const [red, green, blue, alpha] = heat(share);
    return `rgb(${red} ${green} ${blue} / ${(alpha / 255).toFixed(2)})`;
  });
}

/** Idle is nearly clear, busy a full blue; from 80 % on it turns red. By opacity, so that it reads on light and on dark. */
function heat(share: number): Rgba {
  const hot = Math.max(0, (share - 0.8) / 0.2);
  const mix = (cool: number, warm: number) => Math.round(cool + (warm - cool) * hot);
  return [mix(38, 214), mix(104, 48), mix(206, 38), Math.round(255 * (0.06 + 0.94 * Math.min(1, share / 0.9)))];
}
