import { expect, test } from "vitest";
import { ofAgent } from "./of-agent.ts";

test.for<readonly [text: string, named: string]>([
  ["device lun0: is mounted", "guest3: device lun0: is mounted"],
  ["guest3: device lun0: is mounted", "guest3: device lun0: is mounted"],
  ["agent guest3 is version 1", "agent guest3 is version 1"],
  ["guest33: is away", "guest3: guest33: is away"],
])("a text names its agent once: %s", ([text, named]) => {
  expect(ofAgent("guest3", text)).toBe(named);
});
