import { expect, test } from "vitest";
import { quick, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";

test("lists in a workload become a run for each combination, and SQL tells the values of each", async () => {
  await using lab = await startLab({ agents: 1 });
  const { rateIopsPerJob: _, ...unlimited } = quick;
  const swept = { ...unlimited, name: "swept", blockSize: ["4KiB", "16KiB"], queueDepth: [1, 4] };
  expectAllThere(await lab.runStudy({ workloads: [swept] }), 4);
  const rows = await lab.query(
    "SELECT workload, block_size::INT AS bytes, queue_depth::INT AS depth, round(mib_per_sec * 1024 / iops)::INT AS kib FROM runs ORDER BY ALL",
  );
  expect(rows).toEqual([
    { workload: "swept-bs16k-qd1", bytes: 16384, depth: 1, kib: 16 },
    { workload: "swept-bs16k-qd4", bytes: 16384, depth: 4, kib: 16 },
    { workload: "swept-bs4k-qd1", bytes: 4096, depth: 1, kib: 4 },
    { workload: "swept-bs4k-qd4", bytes: 4096, depth: 4, kib: 4 },
  ]);
  const one = await lab.salvo(["runs", "--data", lab.dataDir, "--json"]);
  expect(JSON.parse(one.stdout.split("\n")[0] ?? "")).toMatchObject({ settings: { pattern: "randread", jobs: 1 } });
  const two = await lab.runStudy({ workloads: [swept] }, ["--only", "*/swept-*-qd4"]);
  expect(two.runs.map(({ workload }) => workload)).toEqual(["swept-bs4k-qd4", "swept-bs16k-qd4"]);
});
