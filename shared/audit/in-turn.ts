/**
 * What is asked for while a batch is under way goes together in the next one, in the order in which it was asked for, as
 * does what is asked for in one turn of the event loop. A batch that fails fails all that it was made of.
 */
export function inTurn<T, R>(perform: (items: readonly T[]) => Promise<readonly R[]>): (item: T) => Promise<R> {
  let waiting: { readonly item: T; readonly settle: PromiseWithResolvers<R> }[] = [];
  let working = false;

  async function work(): Promise<void> {
    working = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const results = await perform(batch.map(({ item }) => item));
        batch.forEach(({ settle }, index) => settle.resolve(results[index] as R)); // one for each of them
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
    }
    working = false;
  }

  return (item) => {
    const settle = Promise.withResolvers<R>();
    waiting.push({ item, settle });
    if (!working) void work();
    return settle.promise;
  };
}
