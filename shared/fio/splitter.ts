/**
 * Cuts fio's standard output into its JSON documents: fio prints one for each SIGUSR1 and one at its end, and between them,
 * on lines of their own, notes such as "job : Saving output of prerun in job.prerun.txt".
 */
import { SalvoError } from "../kernel/error.ts";

export interface Splitter {
  /** The next piece of output. Returns the documents it completes. Throws out-of-resources when one is over the limit. */
  push(chunk: Buffer): string[];
  /** The last of the text that was not JSON. */
  readonly noise: string;
}

export interface SplitterLimits {
  /** A dump with every bin of both directions in use is about 60 kB. */
  readonly documentBytesMax?: number;
  readonly noiseBytesMax?: number;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

type Place =
  /** Nothing but space since the last line or document ended: only here may a document begin. */
  | "fresh"
  /** In a line that is no JSON, to its end. */
  | "noise"
  | "document"
  | "string"
  | "escape";

/** All limits are on bytes. Looks at each byte once and copies it once, however the output is chopped. */
export function createSplitter({ documentBytesMax = 4 << 20, noiseBytesMax = 4096 }: SplitterLimits = {}): Splitter {
  let place: Place = "fresh";
  let depth = 0;
  let noise = Buffer.alloc(0);
  // What earlier chunks held of the document that is being read.
  let parts: Buffer[] = [];
  let partsBytes = 0;

  const keep = (part: Buffer) => {
    partsBytes += part.length;
    if (partsBytes > documentBytesMax) {
      throw new SalvoError("out-of-resources", `fio printed a document of more than ${documentBytesMax} bytes`, {
        remedy: "Run the workload by hand with the job file named in the log, and look at what fio prints",
      });
    }
    parts.push(part);
  };

  const take = () => {
    const document = Buffer.concat(parts, partsBytes).toString();
    parts = [];
    partsBytes = 0;
    return document;
  };

  const addNoise = (text: Buffer) => {
    noise = Buffer.concat([noise, text]).subarray(-noiseBytesMax);
  };

  return {
    get noise() {
      return noise.toString().trimEnd();
    },
    push(chunk) {
      const documents: string[] = [];
      // Where in this chunk the document or noise that is being read begins.
      let start = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        switch (place) {
          case "fresh":
            if (byte === OPEN) {
              place = "document";
              depth = 1;
              start = at;
            } else if (byte !== undefined && !isSpace(byte)) {
              place = "noise";
              start = at;
            }
            break;
          case "noise":
            if (byte !== NEWLINE) break;
            addNoise(chunk.subarray(start, at + 1));
            place = "fresh";
            break;
          case "document":
            if (byte === QUOTE) place = "string";
            else if (byte === OPEN) depth++;
            else if (byte === CLOSE && --depth === 0) {
              keep(chunk.subarray(start, at + 1));
              documents.push(take());
              place = "fresh";
            }
            break;
          case "string":
            if (byte === QUOTE) place = "document";
            else if (byte === BACKSLASH) place = "escape";
            break;
          case "escape":
            place = "string";
            break;
        }
      }
      if (place === "noise") addNoise(chunk.subarray(start));
      else if (place !== "fresh") keep(chunk.subarray(start));
      return documents;
    },
  };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
