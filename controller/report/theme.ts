/**
 * Every colour of the report, light and dark. Charts are drawn with the light ones; `themed` then puts the variable in
 * their place, so that one drawing serves both. Light values must therefore be distinct.
 */
const COLORS = {
  paper: ["#ffffff", "#14171b"],
  surface: ["#f6f7f9", "#1b1f24"],
  ink: ["#1c2127", "#e7eaee"],
  muted: ["#5b6570", "#9aa4b0"],
  faint: ["#8a94a0", "#75808c"],
  rule: ["#dfe3e8", "#2e343c"],
  grid: ["#eaedf0", "#262c33"],
  ramp: ["#7d8791", "#8d97a3"],
  link: ["#1d55b8", "#7fb0ff"],
  good: ["#1a7f4b", "#52c98a"],
  fair: ["#9a6200", "#e8b14c"],
  poor: ["#b3261e", "#ff8a80"],
  blue: ["#2563c4", "#6ea8fe"],
  orange: ["#c85f0a", "#f5a55a"],
  teal: ["#0d8571", "#45cbb2"],
  violet: ["#7a4fc2", "#b79bf2"],
  rose: ["#c2335c", "#f58aa8"],
  olive: ["#6f7d12", "#c0cc55"],
  sky: ["#1289b5", "#5ccbf0"],
  brown: ["#8a5a3a", "#d3a482"],
} as const;

export type ColorName = keyof typeof COLORS;

/** What to write as a colour in a chart's options. */
export function color(name: ColorName): string {
  return COLORS[name][0];
}

/** The colours of lines, told apart by most eyes; dashes tell the first eight apart without any colour. */
const LINE_COLORS = ["blue", "orange", "teal", "violet", "rose", "olive", "sky", "brown"] as const;
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2], [1, 3], [10, 2, 2, 2, 2, 2]] as const;

export interface LineStyle {
  readonly color: ColorName;
  /** Lengths of dash and gap, px; empty is a solid line. */
  readonly dash: readonly number[];
}

/** The style of the nth of several lines; 64 of them are distinct. */
export function nthLine(index: number): LineStyle {
  const round = Math.floor(index / LINE_COLORS.length);
  return {
    color: LINE_COLORS[index % LINE_COLORS.length] ?? "blue",
    dash: DASHES[(index + round) % DASHES.length] ?? [],
  };
}

/** In SVG that was drawn with light colours, puts their variables instead. */
export function themed(svg: string): string {
  return svg.replace(/="(#[0-9a-f]{6})"/g, (attribute, hex: string) => {
    const name = NAME_OF_LIGHT.get(hex);
    return name ? `="var(--${name})"` : attribute;
  });
}

const NAME_OF_LIGHT: ReadonlyMap<string, string> = new Map(
  Object.entries(COLORS).map(([name, [light]]) => [light, name]),
);

/** The variables as CSS: light, and dark on screens that ask for it; paper is always light. */
export function colorVariables(): string {
  const block = (index: 0 | 1) =>
    Object.entries(COLORS)
      .map(([name, pair]) => `--${name}:${pair[index]};`)
      .join("");
  return `:root{color-scheme:light dark;${block(0)}}@media screen and (prefers-color-scheme:dark){:root{${block(1)}}}`;
}
