/**
 * The results of act, in the order of the items, of which at most `atOnce` are acted on at a time: a process may have only so many
 * files open. The first error is thrown when nothing is at work any more, and nothing else is begun after it.
 */
export async function mapAtOnce<T, R>(items: Iterable<T>, atOnce: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items].entries();
  let failure: { readonly error: unknown } | undefined;
  async function work(): Promise<void> {
    for (const [index, item] of waiting) {
      if (failure) return;
      try {
        results[index] = await act(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failure) throw failure.error;
  return results;
}

/** Of files that are read whole. The least limit that systems give is 256 (macOS), and connections need some of it. */
export const FILES_AT_ONCE = 16;
