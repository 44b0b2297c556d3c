import { timeText } from "@salvo/shared/kernel/time-text.ts";
import type { StudyFile } from "../state.ts";
import { call, get } from "./api.ts";
import { Act } from "./now.tsx";
import { useFetched } from "./use-state.ts";

/** The folder of study files, each with what it would take. */
export function Studies() {
  const { value: studies, problem } = useFetched(() => get<StudyFile[]>("/api/studies"), "");
  if (problem !== undefined) return <p class="problem">{problem}</p>;
  if (!studies) return <p class="quiet">Reading the studies …</p>;
  return (
    <section aria-label="Studies">
      {studies.length === 0 && <p class="empty">The folder of studies is empty.</p>}
      {studies.map((study) => (
        <Study study={study} key={study.file} />
      ))}
    </section>
  );
}

function Study({ study: { file, description, runs, seconds, problem } }: { readonly study: StudyFile }) {
  const start = async () => {
    await call("/api/start", { file });
    location.hash = "now";
  };
  return (
    <article class="card">
      <header class="row">
        <h2>{file}</h2>
        {problem === undefined && (
          <span class="quiet">
            {runs} runs, about {timeText(seconds * 1000)}
          </span>
        )}
        {problem === undefined && <Act label={`Start ${file}`} act={start} />}
      </header>
      {description !== "" && <p>{description}</p>}
      {problem !== undefined && <pre class="problem">It cannot run on this lab. {problem}</pre>}
    </article>
  );
}
