import { didYouMean } from "@salvo/shared/config/nearest.ts";

const SHOWN_MAX = 20;

/** To be put behind an id that is none of those known. */
export function suggestion(id: string, known: readonly string[]): string {
  const shown = known.length > SHOWN_MAX ? `${known.slice(0, SHOWN_MAX).join(", ")}, ...` : known.join(", ");
  return didYouMean(id, known) || ` (it has ${shown})`;
}
