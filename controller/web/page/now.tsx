import { timeText } from "@salvo/shared/kernel/time-text.ts";
import { useState } from "preact/hooks";
import type { ConsoleState, LiveState, RunState, StudyState } from "../state.ts";
import { call } from "./api.ts";
import { Chart } from "./chart.tsx";
import { figure } from "./figures.ts";
import { Verdict } from "./verdict.tsx";

/** What goes on now, or how the last study ended. */
export function Now({ state }: { readonly state: ConsoleState }) {
  const { study, last, queue } = state;
  return (
    <>
      {study && <Study study={study} isPresent />}
      {!study && last && <Study study={last} isPresent={false} />}
      {!study && !last && (
        <p class="empty">
          No study runs. Start one under <a href="#studies">Studies</a>.
        </p>
      )}
      {queue.length > 0 && (
        <section>
          <h2>Waiting</h2>
          <ol class="queue">
            {queue.map(({ id, file }) => (
              <li key={id}>
                {file} <Act label="Withdraw" act={() => call("/api/withdraw", { id })} />
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function Study({ study, isPresent }: { readonly study: StudyState; readonly isPresent: boolean }) {
  const { id, file, runs, notes, live, stopping, problem } = study;
  const done = runs.filter(({ result }) => result !== undefined).length;
  return (
    <section aria-label={`Study ${file}`}>
      <header class="row">
        <h2>
          {isPresent ? "" : "Last study: "}
          {file}
        </h2>
        <span class="quiet">
          {done} of {runs.length} runs done
        </span>
        {isPresent && (
          <Act
            label={stopping ? "Stopping …" : "Stop study"}
            danger
            disabled={stopping}
            act={() => call("/api/stop", { id })}
          />
        )}
      </header>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {live && <Live live={live} key={live.run} />}
      <Runs runs={runs} present={live?.run} isPresent={isPresent} />
      {notes.length > 0 && (
        <details open>
          <summary>What Salvo said</summary>
          <ul class="notes">
            {notes.map((note, index) => (
              <li key={index}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Live({ live }: { readonly live: LiveState }) {
  const { title, phase, tick, ticks, participants, reported, leftMs, points } = live;
  const latest = points.at(-1);
  const left = leftMs === undefined ? "" : `, ${timeText(leftMs)} left`;
  return (
    <div class="live">
      <p role="status">
        <strong>{title}</strong> {phase}
        {left}
      </p>
      <progress max={ticks} value={tick} aria-label="Ticks of this run" />
      <dl class="tiles">
        <Tile name="IOPS" value={figure(latest?.iops)} />
        <Tile name="MiB/s" value={figure(latest?.mibPerSec, 1)} />
        <Tile name="p99, us" value={figure(latest?.p99Us)} />
        <Tile name="reported" value={`${reported} of ${participants}`} />
        <Tile name="tick" value={`${tick} of ${ticks}`} />
      </dl>
      <div class="charts">
        <Chart
          title="IOPS, all participants"
          at={points.map(({ atS }) => atS)}
          values={points.map(({ iops }) => iops)}
        />
        <Chart
          title="p99 latency, us"
          at={points.map(({ atS }) => atS)}
          values={points.map(({ p99Us }) => p99Us ?? null)}
        />
      </div>
    </div>
  );
}

function Tile({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface RunsProps {
  readonly runs: readonly RunState[];
  readonly present: string | undefined;
  /** False when the study is over: what has not begun by then never will. */
  readonly isPresent: boolean;
}

function Runs({ runs, present, isPresent }: RunsProps) {
  return (
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>scenario/workload</th>
            <th class="number">repeat</th>
            <th>verdict</th>
            <th class="number">IOPS</th>
            <th class="number">MiB/s</th>
            <th class="number">p50 us</th>
            <th class="number">p99 us</th>
            <th class="number">start spread ms</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ run, title, repeat, result }) => (
            <tr key={run} class={run === present ? "present" : ""} title={run}>
              <td>{title}</td>
              <td class="number">{repeat}</td>
              <td>
                {result ? (
                  <Verdict verdict={result.verdict} />
                ) : run === present ? (
                  "running"
                ) : isPresent ? (
                  "waits"
                ) : (
                  "not run"
                )}
                {result && result.verdict !== "complete" && <div class="quiet">{result.reason}</div>}
              </td>
              <td class="number">{figure(result?.iops)}</td>
              <td class="number">{figure(result?.mibPerSec, 1)}</td>
              <td class="number">{figure(result?.p50Us)}</td>
              <td class="number">{figure(result?.p99Us)}</td>
              <td class="number">
                {result?.startSpreadMs === undefined
                  ? "-"
                  : `${figure(result.startSpreadMs, 2)} ± ${figure(result.startBoundMs, 2)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface ActProps {
  readonly label: string;
  readonly act: () => Promise<void>;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

/** A button that shows what the server has against it. */
export function Act({ label, act, danger = false, disabled = false }: ActProps) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const press = () => {
    setBusy(true);
    setProblem("");
    act()
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return (
    <span class="act">
      <button type="button" class={danger ? "danger" : ""} disabled={disabled || busy} onClick={press}>
        {label}
      </button>
      {problem !== "" && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
