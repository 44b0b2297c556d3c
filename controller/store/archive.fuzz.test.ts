/** Files of archives and open runs that were damaged, or made by somebody: their checksums may well fit. */
import { create, toJsonString } from "@bufbuild/protobuf";
import { ManifestSchema, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { damaged, fuzzRuns } from "@salvo/shared/testing/fuzz.fixture.ts";
import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSums, formatSums, sumFiles } from "./checksums.ts";
import { CHECKSUMS, MANIFEST, openRunFolder, specFile } from "./layout.ts";
import { formatManifest, loadManifest } from "./manifest.ts";
import { createOpenRun, readOpenRun } from "./openrun.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-archive-fuzz-"));
});
afterAll(() => rm(folder, { recursive: true }));

const spec = create(RunSpecSchema, { run: "r1", lab: "bench", intervalMs: 1000, participants: [{ id: "a.d" }] });
const manifest = create(ManifestSchema, { format: 1, spec, summary: { run: "r1", verdict: "complete" }, t0Ns: 1n });

async function readOrRefused(work: Promise<unknown>, kinds: readonly string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof SalvoError) || !kinds.includes(error.kind)) throw error;
  }
}

const texts = fc.oneof(
  damaged(fc.constant(Buffer.from(formatManifest(manifest)))),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .constantFrom("null", "[]", "{}", '{"format":1}', '{"format":1,"summary":null}', "[".repeat(50_000))
    .map((text) => Buffer.from(text)),
);

test("a damaged manifest with a checksum that fits is read, or is corrupt", async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (bytes) => {
      await rm(join(folder, CHECKSUMS), { force: true });
      await writeFile(join(folder, MANIFEST), bytes);
      await writeFile(join(folder, CHECKSUMS), formatSums(await sumFiles(folder)));
      await readOrRefused(loadManifest(folder), ["corrupt", "invalid-input"]);
    }),
    { numRuns: fuzzRuns(200) },
  );
});

test("a damaged list of checksums is never taken for a whole one", async () => {
  const archive = await mkdtemp(join(tmpdir(), "salvo-archive-fuzz-"));
  await writeFile(join(archive, MANIFEST), formatManifest(manifest));
  const list = formatSums(await sumFiles(archive));
  await fc.assert(
    fc.asyncProperty(damaged(fc.constant(Buffer.from(list))), async (bytes) => {
      await writeFile(join(archive, CHECKSUMS), bytes);
      const passed = await checkSums(archive, MANIFEST).then(
        () => true,
        (error: unknown) => readOrRefused(Promise.reject(error), ["corrupt", "invalid-input"]).then(() => false),
      );
      if (passed) expect(bytes.toString("latin1")).toContain(list.slice(0, 64));
    }),
    { numRuns: fuzzRuns(200) },
  );
  await rm(archive, { recursive: true });
});

test("a damaged spec of an open run is read, or is corrupt", async () => {
  await createOpenRun(folder, spec);
  const text = Buffer.from(toJsonString(RunSpecSchema, spec));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged(fc.constant(text)), texts), async (bytes) => {
      await writeFile(specFile(openRunFolder(folder, "r1")), bytes);
      await readOrRefused(readOpenRun(folder, "r1"), ["corrupt"]);
    }),
    { numRuns: fuzzRuns(200) },
  );
});
