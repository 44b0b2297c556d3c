/** The guard's tests that are done in a second: hundreds of mutants run them. See CONTRIBUTING.md. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["shared/agent/**/guard/*.test.ts"], exclude: ["**/node_modules/**", "**/*.property.test.ts"] },
});
