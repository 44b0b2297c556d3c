import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { excerpt } from "../../audit/fit.ts";
import type { AuditLog } from "../../audit/log.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import { diff, type Step } from "../domain/provision/diff.ts";
import { type DescribedStep, hashOfPlan } from "../domain/provision/hash.ts";
import type { Found } from "../domain/provision/piece.ts";
import type { Occupation } from "../occupation.ts";
import type { Made } from "./made.ts";
import type { Provider } from "./provider.ts";

/** Brings a host to what is wanted of it, by a plan that was seen before. */
export interface Provisioner<Spec, Shown, Op = unknown> {
  readonly inspect: () => Promise<{ readonly items: readonly Item[]; readonly shown: Shown }>;
  readonly plan: (spec: Spec) => Promise<Planned<Op, Shown>>;
  /**
   * Does the plan of that hash. Throws `wrong-state` when it would be another by now, or the host is busy. It stops at
   * what fails, and at the signal between two steps; what was done until then stays, and the next plan goes on from there.
   */
  apply(request: ApplyRequest<Spec>): AsyncGenerator<Progress, void>;
}

export interface Item extends Found<unknown> {
  readonly ours: boolean;
}

export interface Planned<Op = unknown, Shown = unknown> {
  readonly steps: readonly (Step<Op> & DescribedStep)[];
  readonly hash: string;
  /** As Inspect shows it, of what the plan leaves as it is. */
  readonly kept: Shown;
}

export interface ApplyRequest<Spec> {
  readonly spec: Spec;
  readonly hash: string;
  /** Only the plan's removals, which are its first steps. */
  readonly removalsOnly?: boolean;
  /** For the audit log. */
  readonly who: string;
  readonly signal: AbortSignal;
}

export interface Progress {
  /** Index into the plan's steps. */
  readonly step: number;
  readonly done: boolean;
}

export interface ProvisionerDeps<Desc extends DescMessage, Shown, Op> {
  readonly host: string;
  /** Of the service, for the audit log: "salvo.v1.TargetService". */
  readonly name: string;
  readonly schema: Desc;
  readonly provider: Provider<MessageShape<Desc>, Shown, Op>;
  readonly made: Made;
  readonly audit: Pick<AuditLog, "around">;
  readonly occupation: Pick<Occupation, "begin">;
}

const LOGGED_CHARS_MAX = 8_000;

export function createProvisioner<Desc extends DescMessage, Shown, Op>(
  deps: ProvisionerDeps<Desc, Shown, Op>,
): Provisioner<MessageShape<Desc>, Shown, Op> {
  const { host, name, schema, provider, made, audit, occupation } = deps;
  const describe = (op: Op) => provider.describe(op);

  async function plan(spec: MessageShape<Desc>): Promise<Planned<Op, Shown> & { readonly mine: Set<string> }> {
    const look = await provider.look(spec);
    const mine = await mineOf(look.found);
    const steps = diff(look.wanted(spec), look.found, mine).map((step) => ({
      ...step,
      commands: step.ops.map(describe),
      undoing: step.inverse.map(describe),
    }));
    const going = new Set(steps.flatMap(({ does, piece }) => (does === "remove" ? [piece] : [])));
    const kept = look.show(look.found.filter(({ id }) => !going.has(id)));
    return { steps, hash: hashOfPlan(canonical(toJson(schema, spec)), steps), kept, mine };
  }

  /** What is gone is nobody's: somebody else may make another of its name. */
  async function mineOf(found: readonly Found<unknown>[]): Promise<Set<string>> {
    const recorded = await made.read();
    const isMine = ({ id, follows, needs }: Found<unknown>) =>
      follows ? needs.every((need) => recorded.has(need)) : recorded.has(id);
    return new Set(found.filter(isMine).map(({ id }) => id));
  }

  /** What was made is known as ours before there is anything of it, and until nothing is left. */
  async function doStep({ does, piece, ops }: Step<Op>, mine: Set<string>): Promise<void> {
    if (does === "make") await made.write(mine.add(piece));
    for (const op of ops) await doOp(op);
    if (does !== "remove") return;
    mine.delete(piece);
    await made.write(mine);
  }

  async function doOp(op: Op): Promise<void> {
    try {
      await provider.perform(op);
    } catch (error) {
      const { kind, message, remedy } = toSalvoError(error);
      // Whatever the host says no to is no bug of ours.
      throw new SalvoError(kind === "internal" ? "program-failed" : kind, `${describe(op)}: ${message}`, {
        host,
        cause: error,
        remedy: remedy ?? "What was done before it stays: plan again to see what is left to do",
      });
    }
  }

  return {
    async inspect() {
      const look = await provider.look();
      const mine = await mineOf(look.found);
      return {
        shown: look.show(look.found),
        items: look.found.map((piece) => ({ ...piece, ours: mine.has(piece.id) })),
      };
    },
    plan,
    async *apply({ spec, hash, removalsOnly = false, who, signal }) {
      using _ = occupation.begin("a change of its storage");
      const { steps, hash: now, mine } = await plan(spec);
      if (now !== hash) throw changed(host, steps);
      await made.write(mine);
      for (const [index, step] of steps.entries()) {
        if (removalsOnly && step.does !== "remove") return;
        signal.throwIfAborted();
        yield { step: index, done: false };
        const commands = excerpt(step.commands.join("\n"), LOGGED_CHARS_MAX);
        const deed = { who, what: `${name}/Apply`, details: { plan_hash: hash, step: step.id, commands } };
        await audit.around(deed, () => doStep(step, mine));
        yield { step: index, done: true };
      }
    },
  };
}

function changed(host: string, steps: readonly Step<unknown>[]): SalvoError {
  const now = steps.map(({ id }) => id).join(", ") || "nothing";
  return new SalvoError("wrong-state", `the host has changed since it was planned: now there is to do: ${now}`, {
    host,
    remedy: "Plan again, and apply that",
  });
}

/** JSON in one form only: two messages that are equal give the same text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
