/**
 * Windows agents run on Node 22, which has the two symbols, but not yet DisposableStack and AsyncDisposableStack: here is what
 * this project uses of them (tc39/proposal-explicit-resource-management). The bundler lowers `using` itself.
 */
export class Stack implements AsyncDisposable {
  #undo: (() => unknown)[] = [];

  use<Resource extends AsyncDisposable | Disposable | null | undefined>(resource: Resource): Resource {
    if (resource) {
      const dispose = Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose] : resource[Symbol.dispose];
      this.#undo.push(() => dispose.call(resource));
    }
    return resource;
  }

  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  move(): Stack {
    const moved = new Stack();
    moved.#undo = this.#undo;
    this.#undo = [];
    return moved;
  }

  /** The last first, each after the one before, all of them whatever fails. */
  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, "several things could not be undone");
    if (errors.length === 1) throw errors[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

export class SyncStack implements Disposable {
  #undo: (() => unknown)[] = [];

  use<Resource extends Disposable | null | undefined>(resource: Resource): Resource {
    if (resource) this.#undo.push(() => resource[Symbol.dispose]());
    return resource;
  }

  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  move(): SyncStack {
    const moved = new SyncStack();
    moved.#undo = this.#undo;
    this.#undo = [];
    return moved;
  }

  dispose(): void {
    const errors: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, "several things could not be undone");
    if (errors.length === 1) throw errors[0];
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

if (!("DisposableStack" in globalThis)) Object.assign(globalThis, { DisposableStack: SyncStack });
if (!("AsyncDisposableStack" in globalThis)) Object.assign(globalThis, { AsyncDisposableStack: Stack });
