import { Role, RoleSchema } from "@salvo/proto/lab_pb.ts";

/** As files and certificates write it: `workload`. */
export function roleName(role: Role): string {
  return (RoleSchema.value[role]?.localName ?? "unspecified").toLowerCase();
}

/** Every role that there is, by name. */
export const ROLE_NAMES: readonly string[] = RoleSchema.values
  .filter(({ number }) => number !== Role.UNSPECIFIED)
  .map(({ localName }) => localName.toLowerCase());
