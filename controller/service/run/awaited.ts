import { awaitedAgents } from "../../domain/collecting.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

const EVERY_MS = 1_000;

/** Tells, while records are collected, which agents are waited for. Gives what ends that. */
export function tellAwaited({ live, clock }: OpenRun, course: Course): () => void {
  const timer = setInterval(() => {
    if (course.state.phase === "collecting") live.awaited(awaitedAgents(course.state, clock.now()));
  }, EVERY_MS);
  return () => clearInterval(timer);
}
