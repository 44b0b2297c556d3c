/** Calls of the console's server. */

let csrf = "";

/** Signs in by the link's secret, if the address has one; false when nobody is signed in. */
export async function signIn(): Promise<boolean> {
  const link = location.hash.slice(1);
  if (link.length > 20) {
    history.replaceState(null, "", "/"); // it works once: nobody is to find it in the history
    await call("/sign-in", { link });
  }
  const answer = await fetch("/api/session");
  if (answer.status === 401) return false;
  csrf = ((await answer.json()) as { csrf: string }).csrf; // as the server writes it
  return true;
}

/** Throws what the server says. */
export async function get<T>(path: string): Promise<T> {
  return (await answerOf(await fetch(path))) as T; // both sides are compiled against state.ts
}

/** Throws what the server says. */
export async function call(path: string, body: object): Promise<void> {
  await answerOf(
    await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-salvo-csrf": csrf },
      body: JSON.stringify(body),
    }),
  );
}

async function answerOf(answer: Response): Promise<unknown> {
  const json: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return json;
  const problem = (json as { problem?: unknown }).problem; // a field that may be missing
  throw new Error(typeof problem === "string" ? problem : `The server answered ${answer.status}.`);
}
