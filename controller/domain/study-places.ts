import type { Study } from "@salvo/proto/study_pb.ts";
import type { FromFile } from "@salvo/shared/config/yaml.ts";

/** Where a study names a device of an agent, as people look for it: "study.yaml:12:9". undefined when it does not name it. */
export type DevicePlaceOf = (scenario: string, agent: string, device: string) => string | undefined;

/** Of a scenario that makes its storage, its devices come of that, and so its place is that of the storage. */
export function devicePlaces({
  file,
  message,
  locate,
}: Pick<FromFile<Study>, "file" | "message" | "locate">): DevicePlaceOf {
  return (name, agent, device) => {
    const index = message.scenarios.findIndex((each) => each.name === name);
    const scenario = message.scenarios[index];
    if (!scenario) return undefined;
    const at = scenario.participants.findIndex((each) => each.agent === agent && each.device === device);
    if (at < 0 && !scenario.storage) return undefined;
    const path = at < 0 ? "storage" : `participants[${at}].device`;
    const { line, column } = locate(`scenarios[${index}].${path}`);
    return `${file}:${line}:${column}`;
  };
}
