import type { AttachedLun } from "@salvo/proto/initiator_pb.ts";
import { CheckOutcome, type PathCheck } from "@salvo/proto/path_pb.ts";
import type { AttachedAgent, RunStorage } from "@salvo/proto/run_pb.ts";
import { formatAddress } from "@salvo/shared/kernel/address.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { CHECK_WORDS, OUTCOME_WORDS } from "../../domain/path-checks.ts";
import { html, type Html } from "../html.ts";
import { formatBytes, formatCount, formatPercent } from "../units.ts";
import { absent, renderTable } from "./table.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";

const BITS_PER_MIB = 8 * 2 ** 20;

/** How each guest reached its LUNs, as it was read back from the guest itself, and what the ways there were found to be. */
export function storageTables({ attached, checks }: RunStorage, mibPerSec: number | undefined): Html {
  return html`${attached.length > 0 && sessionTable(attached)} ${checks.length > 0 && checkTable(checks)}
  ${channel(checks, mibPerSec)}`;
}

function sessionTable(attached: readonly AttachedAgent[]): Html {
  return renderTable(
    "Sessions, read back from the initiators",
    [
      { title: "Agent" },
      { title: "Transport" },
      { title: "Portal" },
      { title: "Sessions", figure: true },
      { title: "State" },
      { title: "LUNs", figure: true, hint: "That the sessions show, also those of other guests" },
      { title: "Size of each", figure: true },
      { title: "Target" },
    ],
    attached.flatMap(({ agent, luns }) =>
      [...Map.groupBy(luns, ({ target, portal }) => `${target} ${portal?.address}`).values()].map((group) =>
        sessionRow(agent, group),
      ),
    ),
  );
}

function sessionRow(agent: string, luns: readonly AttachedLun[]): Html[] {
  const distinct = <T>(of: (lun: AttachedLun) => T) => [...new Set(luns.map(of))];
  const [first] = luns;
  const portal = first?.portal;
  return [
    html`${agent}`,
    html`${distinct(({ transport }) => transportName(transport)).join(", ")}`,
    portal
      ? html`${formatAddress({ host: portal.address, port: portal.port })}`
      : absent("The target's own host needs no portal."),
    html`${distinct(({ session }) => session).length}`,
    html`${distinct(({ state }) => state).join(", ")}`,
    html`${distinct(({ wwn }) => wwn).length}`,
    html`${distinct(({ sizeBytes }) => formatBytes(Number(sizeBytes))).join(", ")}`,
    html`<code>${first?.target}</code>`,
  ];
}

function checkTable(checks: readonly PathCheck[]): Html {
  return renderTable(
    "The ways to the target, before the run",
    [{ title: "From" }, { title: "To" }, { title: "Check" }, { title: "Outcome" }, { title: "Found" }],
    checks.map(({ from, to, address, kind, outcome, text }) => [
      html`${from}`,
      html`${to} (${address})`,
      html`${CHECK_WORDS[kind]}`,
      outcome === CheckOutcome.FAILED
        ? html`<strong class="poor">${OUTCOME_WORDS[outcome]}</strong>`
        : html`${OUTCOME_WORDS[outcome]}`,
      html`${text}`,
    ]),
  );
}

/** What the run moved beside what its links can carry at most: all guests meet on the target's. */
function channel(checks: readonly PathCheck[], mibPerSec: number | undefined): Html | undefined {
  const addresses = Map.groupBy(checks, ({ address }) => address).values();
  const mbps = [...addresses]
    .map((each) => greatest(each.map(({ lineRateMbps }) => lineRateMbps)))
    .reduce((sum, rate) => sum + rate, 0);
  if (mbps === 0 || mibPerSec === undefined) return undefined;
  const lineMibPerSec = (mbps * 1e6) / BITS_PER_MIB;
  return html`<p>
    The links to the target carry ${formatCount(lineMibPerSec)} MiB/s at most (${formatCount(mbps / 1000)} Gbit/s): the
    run moved ${formatCount(mibPerSec)} MiB/s, ${formatPercent(mibPerSec / lineMibPerSec)} of that.
  </p>`;
}
