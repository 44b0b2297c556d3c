import { requiredStr } from "./command.ts";

export const ADAPTER = requiredStr("adapter", "A", "The iscsi adapter name. (vmhbaX)");
