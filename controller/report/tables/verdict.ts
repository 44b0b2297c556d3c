import { isVerdict, type Verdict } from "../../domain/verdicts.ts";
import { html, type Html } from "../html.ts";

const KINDS: Readonly<Record<Verdict, { readonly sign: string; readonly tone: "good" | "fair" | "poor" }>> = {
  complete: { sign: "✓", tone: "good" },
  degraded: { sign: "!", tone: "fair" },
  incomplete: { sign: "◐", tone: "fair" },
  aborted: { sign: "■", tone: "poor" },
  invalid: { sign: "✕", tone: "poor" },
};

const UNKNOWN = { sign: "?", tone: "fair" } as const;

/** A sign, a word and a colour: any one of them is enough to tell. */
export function verdictBadge(verdict: string): Html {
  const { sign, tone } = isVerdict(verdict) ? KINDS[verdict] : UNKNOWN;
  return html`<span class="verdict ${tone}"><span aria-hidden="true">${sign}</span> ${verdict || "unknown"}</span>`;
}
