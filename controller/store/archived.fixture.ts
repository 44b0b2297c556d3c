/** Sealed runs of which only the manifest matters: their folders hold it and its checksum, and no measurements. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type Manifest, ManifestSchema } from "@salvo/proto/run_pb.ts";
import { Pattern } from "@salvo/proto/workload_pb.ts";
import { formatSums, sumFiles } from "./checksums.ts";
import { CHECKSUMS, MANIFEST, runFolder } from "./layout.ts";
import { formatManifest } from "./manifest.ts";

export interface ArchivedShape {
  readonly run: string;
  readonly lab?: string;
  readonly study?: string;
  readonly scenario?: string;
  readonly workload?: string;
  readonly queueDepth?: number;
  readonly repeat?: number;
  readonly verdict?: string;
  readonly t0WallNs?: bigint;
  readonly iops: number;
  readonly p99Us?: number;
}

/** Of 4 KiB reads; half of p99 is the p50. */
export function archivedManifest(shape: ArchivedShape): Manifest {
  const { run, lab = "rack", study = "article", scenario = "iscsi", workload = "4k", queueDepth = 16 } = shape;
  const { repeat = 1, verdict = "complete", t0WallNs = 1_780_000_000_000_000_000n, iops, p99Us = 900 } = shape;
  return create(ManifestSchema, {
    format: 1,
    t0WallNs,
    spec: {
      run,
      lab,
      study,
      scenario,
      repeat,
      intervalMs: 1000,
      participants: [{ id: "vm1.disk", agent: "vm1", device: "disk" }],
      workload: { name: workload, pattern: Pattern.RANDREAD, blockSizeBytes: 4096n, queueDepth, jobs: 1 },
    },
    summary: {
      run,
      study,
      scenario,
      workload,
      repeat,
      verdict,
      totals: { iops, mibPerSec: iops / 256, latencyUs: { p50: p99Us / 2, p99: p99Us } },
    },
  });
}

export async function archive(dataDir: string, manifest: Manifest): Promise<void> {
  const folder = runFolder(dataDir, manifest.summary?.run ?? "");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MANIFEST), formatManifest(manifest));
  await writeFile(join(folder, CHECKSUMS), formatSums(await sumFiles(folder)));
}
