import { toSalvoError } from "@salvo/shared/kernel/error.ts";

/** Of a program that could not be started, or has not ended well. */
export function whyNot(error: unknown): { readonly problem: string; readonly notInstalled: boolean } {
  const { kind, message } = toSalvoError(error);
  return { problem: message, notInstalled: kind === "not-found" };
}
