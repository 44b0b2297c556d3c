import { toBinary } from "@bufbuild/protobuf";
import { RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { type SyntheticRun, type SyntheticShape } from "@salvo/shared/testing/records.fixture.ts";
import { createAnalysis } from "./analysis.ts";
import type { RunFacts } from "./facts.ts";
import type { Conclusion } from "./conclusion.ts";
import { createClocks } from "./clocks.ts";
import { createMeasured } from "./measured.ts";

export type Edit = (record: Record, agent: string) => Record | undefined;

/** All that a run gives when its records are what `edit` makes of them: undefined is a record that is not here. */
export function conclude(run: SyntheticRun, edit: Edit = (record) => record, more: Partial<RunFacts> = {}): Conclusion {
  const t0 = { ns: run.t0Ns, wallNs: run.t0WallNs };
  const { clockBefore, clockAfter, agents } = run;
  const analysis = createAnalysis(run.spec, { t0, clockBefore, clockAfter, agents, lost: [], ...more });
  const here = [...recordsOf(run, edit)];
  for (const { agent, record } of here) {
    const payload = toBinary(RecordSchema, record);
    analysis.add(agent, { seq: record.seq, source: "received", payload }, record);
  }
  const window = analysis.window();
  const clocks = createClocks(t0, clockBefore, clockAfter);
  const measured = window && createMeasured(run.spec, window, clocks);
  for (const { agent, record } of here) measured?.add(agent, record);
  return analysis.conclude(measured);
}

export function* recordsOf(run: SyntheticRun, edit: Edit) {
  for (const { id: agent } of run.spec.agents) {
    for (const original of run.records(agent)) {
      const record = edit(original, agent);
      if (record) yield { agent, record };
    }
  }
}

export const small: SyntheticShape = { agents: 2, participantsPerAgent: 2, rampTicks: 2, ticks: 5 };
