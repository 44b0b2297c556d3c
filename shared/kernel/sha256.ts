import { hash } from "node:crypto";

/** Of the text in UTF-8, in hexadecimal. Pure, so that what decides may use it too. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
