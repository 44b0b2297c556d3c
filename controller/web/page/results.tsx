import { useState } from "preact/hooks";
import type { SealedRun } from "../state.ts";
import { get } from "./api.ts";
import { figure } from "./figures.ts";
import { useFetched } from "./use-state.ts";
import { Verdict } from "./verdict.tsx";

const SHOWN_MAX = 500;

/** Sealed runs; those that are chosen make a report. `changed` is another value when a run was sealed. */
export function Results({ changed }: { readonly changed: unknown }) {
  const { value: runs, problem } = useFetched(() => get<SealedRun[]>("/api/runs"), changed);
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (problem !== undefined) return <p class="problem">{problem}</p>;
  if (!runs) return <p class="quiet">Reading the runs …</p>;
  const fits = runs.filter((run) =>
    words
      .split(/\s+/)
      .every((word) =>
        `${run.run} ${run.study} ${run.title} ${run.verdict}`.toLowerCase().includes(word.toLowerCase()),
      ),
  );
  const shown = fits.slice(0, SHOWN_MAX);
  const choose = (run: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(run);
    else next.delete(run);
    setChosen(next);
  };
  return (
    <section aria-label="Results">
      <div class="row">
        <label>
          Filter{" "}
          <input
            type="search"
            value={words}
            placeholder="study, scenario, workload, verdict"
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </label>
        <span class="quiet">
          {fits.length} of {runs.length} runs
        </span>
        {chosen.size > 0 && (
          <a class="button" target="_blank" rel="noopener" href={`/api/report?runs=${[...chosen].join(",")}`}>
            Report of {chosen.size} {chosen.size === 1 ? "run" : "runs"}
          </a>
        )}
      </div>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>
                <span class="hidden">choose</span>
              </th>
              <th>run</th>
              <th>study</th>
              <th>scenario/workload</th>
              <th>verdict</th>
              <th class="number">IOPS</th>
              <th class="number">MiB/s</th>
              <th class="number">p99 us</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((run) => (
              <tr key={run.run}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Choose ${run.run}`}
                    checked={chosen.has(run.run)}
                    onChange={(event) => choose(run.run, event.currentTarget.checked)}
                  />
                </td>
                <td class="id">{run.run}</td>
                <td>{run.study}</td>
                <td>{run.title}</td>
                <td>
                  <Verdict verdict={run.verdict} />
                </td>
                <td class="number">{figure(run.iops)}</td>
                <td class="number">{figure(run.mibPerSec, 1)}</td>
                <td class="number">{figure(run.p99Us)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fits.length > SHOWN_MAX && <p class="quiet">The latest {SHOWN_MAX} are shown. Filter to see others.</p>}
    </section>
  );
}
