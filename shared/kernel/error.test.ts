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

test.for<readonly [message: string, text: string]>([
  ["device lun0 is mounted", "g2: device lun0 is mounted"],
  ["agent g2 was revoked", "agent g2 was revoked"],
  ["agent g22 was revoked", "g2: agent g22 was revoked"],
  ["g2: line 3 is wrong", "g2: line 3 is wrong"],
])("a place that the message names is not named twice: %s", ([message, text]) => {
  expect(new SalvoError("refused", message, { host: "g2" }).describe()).toBe(text);
});
