import { terminalLine } from "@salvo/shared/kernel/terminal-text.ts";
import type { LiveView } from "../service/live.ts";
import { PHASE_WORDS } from "../service/phase-words.ts";
import type { Screen } from "./io.ts";

/** A screen is redrawn at most so often; without one, a line is printed at each phase and then this often. */
const REDRAW_MS = 200;
const LINE_EVERY_MS = 2_000;

export interface Progress {
  show(view: LiveView): void;
  /** Leaves what was drawn last and ends the line. */
  end(): void;
}

export interface ProgressOptions {
  readonly stream: Screen;
  /** What the run is of: `local/4k-randread 1/3`. */
  readonly title: string;
  readonly nowMs: () => number;
}

export function createProgress({ stream, title, nowMs }: ProgressOptions): Progress {
  const screen = stream.clearLine !== undefined;
  let drawn = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastPhase = "";

  function clear(): void {
    if (drawn) stream.clearLine?.();
    drawn = false;
  }

  return {
    show(view) {
      const due = nowMs() - lastMs >= (screen ? REDRAW_MS : LINE_EVERY_MS);
      if (view.phase === lastPhase && !due) return;
      lastPhase = view.phase;
      lastMs = nowMs();
      const line = terminalLine(progressLine(title, view));
      if (!screen) return void stream.write(`${line}\n`);
      clear();
      stream.write(line.slice(0, (stream.columns || 120) - 1)); // some terminals say that they have 0
      drawn = true;
    },
    end() {
      if (drawn) stream.write("\n");
      drawn = false;
    },
  };
}

/** Pure: one line of text, figures only while there are any. */
export function progressLine(title: string, view: LiveView): string {
  const figures =
    view.phase === "running" && view.tick > 0
      ? [
          `${Math.round(view.iops).toLocaleString("en")} IOPS`,
          `${view.mibPerSec.toFixed(1)} MiB/s`,
          view.p99Us === undefined ? "p99 -" : `p99 ${Math.round(view.p99Us).toLocaleString("en")} us`,
          `tick ${view.tick}/${view.ticks}`,
        ]
      : [];
  const left = view.phase === "running" && view.leftMs !== undefined ? [`${Math.ceil(view.leftMs / 1000)} s left`] : [];
  return [title, PHASE_WORDS[view.phase], ...awaitedLine(view), ...figures, ...left].join("  ");
}

const AWAITED_SHOWN_MAX = 3;
const AWAITED_WORDS = { sends: "sends", silent: "does not answer", refuses: "refuses connections" } as const;

/** Collecting is quick; who makes it long is named. */
function awaitedLine({ awaited }: LiveView): string[] {
  if (awaited.length === 0) return [];
  const shown = awaited.slice(0, AWAITED_SHOWN_MAX).map(({ agent, why, forMs, leftMs }) => {
    const left = why === "sends" ? "" : `, at most ${Math.ceil(leftMs / 1000)} s more`;
    return `${agent} (${AWAITED_WORDS[why]}, for ${Math.round(forMs / 1000)} s${left})`;
  });
  const more = awaited.length > AWAITED_SHOWN_MAX ? [`${awaited.length - AWAITED_SHOWN_MAX} more`] : [];
  return [`waiting for ${[...shown, ...more].join(", ")}`];
}
