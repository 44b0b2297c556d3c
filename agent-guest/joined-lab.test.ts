import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { labToClaimFor } from "./joined-lab.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-joined-"));
  const lab = await testLab(join(folder, "lab"), "my-lab");
  await lab.enrol("guest1", { folder: join(folder, "identity") });
});
afterAll(() => rm(folder, { recursive: true }));

test("a disk is claimed for the lab that the host has joined, with --lab or without", async () => {
  expect(await labToClaimFor(undefined, join(folder, "identity"))).toBe("my-lab");
  expect(await labToClaimFor("my-lab", join(folder, "identity"))).toBe("my-lab");
});

test("another lab is refused: none of its runs could use the disk", async () => {
  await expect(labToClaimFor("redlab", join(folder, "identity"))).rejects.toMatchObject({
    kind: "refused",
    message: "--lab redlab: this host has joined lab my-lab, and only its runs could use the disk",
  });
});

test("before the host has joined, the lab has to be named", async () => {
  expect(await labToClaimFor("my-lab", join(folder, "none"))).toBe("my-lab");
  await expect(labToClaimFor(undefined, join(folder, "none"))).rejects.toMatchObject({ kind: "invalid-input" });
});
