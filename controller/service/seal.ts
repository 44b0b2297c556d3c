/** Makes a finished run immutable: judges its records, measures, concludes, and has the archive written. */
import { create } from "@bufbuild/protobuf";
import { ManifestSchema, type Manifest, type RunSpec } from "@salvo/proto/run_pb.ts";
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { createAnalysis } from "../analysis/analysis.ts";
import type { RunFacts } from "../analysis/facts.ts";
import type { Conclusion } from "../analysis/conclusion.ts";
import { createClocks, type Clocks } from "../analysis/clocks.ts";
import { decodeRecord } from "../analysis/decode.ts";
import { createMeasured, type Measured } from "../analysis/measured.ts";
import { plannedSpan, type TickSpan } from "../analysis/window.ts";
import { createBesidesSamples } from "../domain/records/besides.ts";
import { createRecordJudge } from "../domain/records/judge.ts";
import { createLeftOut, type LeftOut } from "../domain/records/left-out.ts";
import type { RecordProblem } from "../domain/records/problem.ts";
import { createRepeatedRecords } from "../domain/records/repeated.ts";
import { sealedManifest, withArchiveDraft } from "../store/archive.ts";
import type { SpoolEntry } from "../store/batch.ts";
import { MANIFEST_FORMAT } from "../store/manifest.ts";
import type { Spool } from "../store/spool.ts";

export interface SealInput {
  readonly dataDir: string;
  readonly spec: RunSpec;
  readonly facts: RunFacts;
  readonly spool: Spool;
  readonly salvoVersion: string;
  /** 1, and 2 and so on for a run that is sealed again because more of it was collected later. */
  readonly time?: number;
}

/**
 * A run is either sealed or not. Sealing again after a crash gives the same files; of a run that is sealed it only returns
 * the manifest. The spool stays (see discardOpenRun). What is no record of the run is left out and noted, and keeps nobody
 * from sealing. Throws `out-of-resources` when the disk is full.
 */
export async function sealRun(input: SealInput): Promise<Manifest> {
  const { dataDir, spec, facts, spool, time } = input;
  const sealed = await sealedManifest(dataDir, spec.run, time);
  if (sealed) return sealed;
  const clocks = createClocks(facts.t0, facts.clockBefore, facts.clockAfter);
  return withArchiveDraft({ dataDir, spec, wall: clocks.wall, time }, async (draft) => {
    const analysis = createAnalysis(spec, facts);
    const planned = createMeasured(spec, plannedSpan(spec), clocks);
    const leftOut = createLeftOut();
    for await (const batch of soundRecords(input, clocks, leftOut)) {
      for (const { agent, entry, record } of batch) {
        analysis.add(agent, entry, record);
        planned.add(agent, record);
        const written = draft.add(agent, record);
        if (written) await written; // nearly none: a wait for each of a million records takes its time
      }
    }
    const measured = await measuredIn(analysis.window(), { planned, input, clocks });
    const conclusion = analysis.conclude(measured);
    const notes = [...conclusion.notes, ...spool.notes(), ...leftOut.notes()];
    return (files) => manifestOf(input, { ...conclusion, notes }, files);
  });
}

interface SoundRecord {
  readonly agent: string;
  readonly entry: SpoolEntry;
  readonly record: Record;
}

/**
 * The records of all agents, each ascending by seq. They were judged when they entered; but a controller of another version
 * may have left the spool, and some things are seen only now, when all are here and the clocks are known.
 */
async function* soundRecords(
  { spec, spool }: SealInput,
  clocks: Clocks,
  leftOut: LeftOut,
): AsyncGenerator<SoundRecord[], void, undefined> {
  const judge = createRecordJudge(spec);
  const repeated = createRepeatedRecords();
  const besides = createBesidesSamples();
  for (const agent of spool.agents) {
    for await (const batch of spool.read(agent)) {
      const sound: SoundRecord[] = [];
      for (const entry of batch) {
        const record = decoded(entry);
        const problem =
          "what" in record
            ? record
            : (judge(agent, record) ??
              clockProblem(agent, record, clocks) ??
              repeated(agent, record) ??
              besides(agent, record, entry.payload.length));
        if (problem) leftOut.add(agent, entry.seq, problem);
        else if (!("what" in record)) sound.push({ agent, entry, record });
      }
      yield sound;
    }
  }
}

function decoded({ seq, payload }: SpoolEntry): Record | RecordProblem {
  try {
    const record = decodeRecord(payload);
    if (record.seq === seq) return record;
    return { what: "has another number than its message", detail: `it is record ${record.seq}` };
  } catch (error) {
    return { what: "cannot be decoded", detail: String(error) };
  }
}

/** A sample is taken after T0, so its agent's clock is known by then. */
function clockProblem(agent: string, { body }: Record, clocks: Clocks): RecordProblem | undefined {
  if (!body.value || !("takenAtNs" in body.value) || clocks.wall(agent, body.value.takenAtNs) !== undefined)
    return undefined;
  return { what: "is a sample from before the agent's clock was known", detail: `taken at ${body.value.takenAtNs} ns` };
}

interface Replay {
  readonly planned: Measured;
  readonly input: SealInput;
  readonly clocks: Clocks;
}

/** Nearly always the window is as planned, and all is measured already; else the records are read once more. */
async function measuredIn(
  window: TickSpan | undefined,
  { planned, input, clocks }: Replay,
): Promise<Measured | undefined> {
  if (!window) return undefined;
  if (window.first === planned.span.first && window.last === planned.span.last) return planned;
  const measured = createMeasured(input.spec, window, clocks);
  // What is left out was told of the first time.
  for await (const batch of soundRecords(input, clocks, createLeftOut()))
    for (const { agent, record } of batch) measured.add(agent, record);
  return measured;
}

function manifestOf(
  { spec, facts, salvoVersion }: SealInput,
  conclusion: Conclusion,
  files: Manifest["files"],
): Manifest {
  return create(ManifestSchema, {
    ...conclusion,
    format: MANIFEST_FORMAT,
    salvoVersion,
    spec,
    ...(facts.t0 && { t0Ns: facts.t0.ns, t0WallNs: facts.t0.wallNs }),
    agents: facts.agents,
    clockBefore: facts.clockBefore,
    clockAfter: facts.clockAfter,
    files,
  });
}
