import type { Evidence, Finding } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "./html.ts";
import { formatCount } from "./units.ts";

/** What limited or spoilt a run, each with the numbers it stands on. Undefined where no rule fired. */
export function findingList(findings: readonly Finding[]): Html | undefined {
  if (findings.length === 0) return undefined;
  return html`<aside class="notes">
    <h3>Findings</h3>
    <ul>
      ${findings.map(
        ({ sentence, confidence, evidence, next }) =>
          html`<li>
            ${upper(sentence)}. <span class="muted">(${confidence} confidence)</span> ${next}.
            <small>${evidence.map(evidenceText).join("; ")}</small>
          </li>`,
      )}
    </ul>
  </aside>`;
}

/** `busy 97.1 %, vm1, core 3`. */
function evidenceText({ what, value, unit, agent, core, participant, firstTick, lastTick }: Evidence): string {
  const place: readonly (string | false)[] = [
    participant !== "" ? participant : agent,
    core !== undefined && `core ${core}`,
    lastTick > 0 && `ticks ${firstTick} to ${lastTick}`,
  ];
  const where = place.filter((each) => each !== false && each !== "");
  return [`${what} ${formatCount(value)}${unit === "" ? "" : ` ${unit}`}`, ...where].join(", ");
}

function upper(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
