import type { Readable } from "node:stream";

/** A daemon that the program left behind may hold a pipe open for ever; what the program itself wrote is there at once. */
const DRAIN_MS = 250;

/** Reads all of a stream; the function returned gives its last `bytesMax` so far. */
export function keepTail(stream: Readable, bytesMax: number): () => Buffer {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const tail = () => {
    const all = Buffer.concat(chunks);
    return all.subarray(Math.max(0, all.length - bytesMax));
  };
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= 2 * bytesMax) return;
    chunks = [Buffer.from(tail())];
    bytes = bytesMax;
  });
  return tail;
}

/** For a stream that is being read, after its program's end: resolves when nothing more of that program can come. */
export async function drained(stream: Readable): Promise<void> {
  if (stream.closed) return;
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  stream.once("close", close);
  // A loop that was busy comes to its timers first: one more turn reads what is in the pipe.
  const timer = setTimeout(() => setImmediate(close), DRAIN_MS);
  await closed;
  clearTimeout(timer);
  stream.destroy();
}
