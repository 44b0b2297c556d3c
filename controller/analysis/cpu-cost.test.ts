import { ObserverLoss, Role } from "@salvo/proto/lab_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, small } from "./analysis.fixture.ts";

/** Two cores of each host are busy for 25 %, as synthetic records have it. */
const BUSY_CORES = 0.5;

function withTarget() {
  const run = syntheticRun({ ...small, observer: ObserverLoss.NOTE });
  for (const agent of run.spec.agents) if (agent.id === "target") agent.roles = [Role.TARGET];
  return run;
}

test("the cost of I/O is the busy time of all hosts of a role for each 100,000 I/Os", () => {
  const { summary } = conclude(withTarget());
  const each = (BUSY_CORES * 100_000) / summary.totals!.iops;
  expect(summary.cpuCost?.guests).toBeCloseTo(2 * each, 6);
  expect(summary.cpuCost?.targets).toBeCloseTo(each, 6);
  expect(summary.cpuCost).not.toHaveProperty("hypervisors");
});

test("agents on one host read the same cores, which count once", () => {
  const run = withTarget();
  const [vm1, vm2] = run.agents;
  Object.assign(vm2!, { bootId: vm1!.bootId, host: vm1!.host });
  const { summary } = conclude(run);
  expect(summary.cpuCost?.guests).toBeCloseTo((BUSY_CORES * 100_000) / summary.totals!.iops, 6);
});

test("where guest and target are one host, nobody can tell what each costs", () => {
  const run = withTarget();
  const [vm1] = run.agents;
  Object.assign(run.agents.at(-1)!, { bootId: vm1!.bootId, host: vm1!.host });
  expect(conclude(run).summary).not.toHaveProperty("cpuCost");
});

test("time that the hypervisor took is not spent", () => {
  const { summary } = conclude(withTarget(), (record) => {
    if (record.body.case === "cpu") for (const core of record.body.value.cores) core.stealMs = 500;
    return record;
  });
  expect(summary.cpuCost?.targets).toBeCloseTo((BUSY_CORES * 100_000) / summary.totals!.iops, 6);
});

test("an observer that is neither target nor hypervisor costs no I/O", () => {
  const run = withTarget();
  for (const agent of run.spec.agents) agent.roles = [];
  expect(conclude(run).summary.cpuCost).not.toHaveProperty("targets");
});
