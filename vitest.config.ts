import { defineConfig } from "vitest/config";

const VLAB = "e2e/vlab*.e2e.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ".toolchain/**"],
          testTimeout: 30_000,
          // Many of them wait. Without this Vitest leaves one of two cores to itself.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.e2e.ts"],
          exclude: ["**/node_modules/**", VLAB],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // They wait for the most part: two files at a time are as many as two cores with real fio take.
          maxWorkers: 2,
          // Of a second in which the machine did something else, a test of fio's timing fails: once more, which is then told.
          retry: 1,
        },
      },
      {
        // Guests whose processors are emulated, on two cores: beside nothing else.
        test: {
          name: "vlab",
          include: [VLAB],
          testTimeout: 400_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          retry: 1,
        },
      },
      {
        // scripts/wine-tests.ts runs them, where there is Wine. Each file has a Windows of its own: one at a time.
        test: {
          name: "wine",
          include: ["e2e/**/*.wine.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
          retry: 1,
        },
      },
    ],
  },
});
