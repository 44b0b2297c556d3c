import { expect, test } from "vitest";
import { SalvoError, toSalvoError } from "./error.ts";

test("of an error and one in tidying up after it, the first is told", async () => {
  async function leave(): Promise<void> {
    await using _ = {
      async [Symbol.asyncDispose]() {
        throw new SalvoError("internal", "could not be closed");
      },
    };
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  }
  const caught: unknown = await leave().catch((error: unknown) => error);
  expect(toSalvoError(caught, { file: "/data/log" })).toMatchObject({
    kind: "out-of-resources",
    message: "no space left on device",
    file: "/data/log",
  });
});
