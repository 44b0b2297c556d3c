import { useEffect, useState } from "preact/hooks";
import type { ConsoleState } from "../state.ts";
import { signIn } from "./api.ts";
import { Lab } from "./lab.tsx";
import { Now } from "./now.tsx";
import { Results } from "./results.tsx";
import { Studies } from "./studies.tsx";
import { useConsoleState } from "./use-state.ts";

const TABS = [
  ["now", "Now"],
  ["studies", "Studies"],
  ["results", "Results"],
  ["lab", "Lab"],
] as const;
type Tab = (typeof TABS)[number][0];

/** Signs in first; the rest of the page needs it. */
export function App() {
  const [signedIn, setSignedIn] = useState<boolean>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    signIn().then(setSignedIn, (error: unknown) => {
      setSignedIn(false);
      setProblem(error instanceof Error ? error.message : String(error));
    });
  }, []);
  if (signedIn === undefined) return <main class="quiet">Signing in …</main>;
  if (signedIn) return <Console />;
  return (
    <main>
      <h1>Salvo</h1>
      <p role="alert" class="problem">
        {problem}
      </p>
      <p>Open the link that the terminal of salvo serve has printed. Press Enter there for a new one.</p>
    </main>
  );
}

function Console() {
  const { state, connected } = useConsoleState();
  const tab = useTab();
  return (
    <>
      <header class="top">
        <h1>Salvo</h1>
        <nav aria-label="Parts of the console">
          {TABS.map(([name, title]) => (
            <a key={name} href={`#${name}`} aria-current={name === tab ? "page" : undefined}>
              {title}
              {name === "now" && state?.study && <span class="dot" aria-label="a study runs" />}
            </a>
          ))}
        </nav>
        <span class="quiet">
          {state ? `lab ${state.lab}` : ""}
          {connected ? "" : " · no connection, trying again"}
        </span>
      </header>
      <main>{state ? <Part tab={tab} state={state} /> : <p class="quiet">Waiting for the controller …</p>}</main>
    </>
  );
}

function Part({ tab, state }: { readonly tab: Tab; readonly state: ConsoleState }) {
  if (tab === "studies") return <Studies />;
  if (tab === "lab") return <Lab />;
  if (tab === "now") return <Now state={state} />;
  const sealed = (state.study ?? state.last)?.runs.filter(({ result }) => result !== undefined).length ?? 0;
  return <Results changed={`${state.last?.id} ${sealed}`} />;
}

function useTab(): Tab {
  const of = () => TABS.find(([name]) => name === location.hash.slice(1))?.[0] ?? "now";
  const [tab, setTab] = useState<Tab>(of);
  useEffect(() => {
    const change = () => setTab(of());
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return tab;
}
