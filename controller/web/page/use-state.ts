import { useEffect, useState } from "preact/hooks";
import type { ConsoleState } from "../state.ts";

export interface Watched {
  readonly state: ConsoleState | undefined;
  /** False while the connection to the server is lost; the browser tries again by itself. */
  readonly connected: boolean;
}

/** The server's state, pushed at every change. */
export function useConsoleState(): Watched {
  const [watched, setWatched] = useState<Watched>({ state: undefined, connected: false });
  useEffect(() => {
    const events = new EventSource("/api/events");
    events.addEventListener("message", ({ data }) =>
      setWatched({ state: JSON.parse(String(data)) as ConsoleState, connected: true }),
    );
    events.addEventListener("error", () => setWatched(({ state }) => ({ state, connected: false })));
    return () => events.close();
  }, []);
  return watched;
}

export interface Fetched<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
}

/** What a call gave, asked again when `key` changes. */
export function useFetched<T>(ask: () => Promise<T>, key: unknown): Fetched<T> {
  const [fetched, setFetched] = useState<Fetched<T>>({ value: undefined, problem: undefined });
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (value) => isWanted && setFetched({ value, problem: undefined }),
      (error: unknown) => isWanted && setFetched({ value: undefined, problem: String(error) }),
    );
    return () => void (isWanted = false);
  }, [key]);
  return fetched;
}
