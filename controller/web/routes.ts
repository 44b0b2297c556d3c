/** What the console answers to a browser. */
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";
import type { Assets } from "./assets.ts";
import type { Desk } from "./desk.ts";
import { type Session, SESSION_LIFE_MS, type Sessions } from "./sessions.ts";
import type { AgentState, ConsoleState, SealedRun, StudyFile } from "./state.ts";

export interface ConsoleDeps {
  readonly lab: string;
  readonly version: string;
  readonly desk: Desk;
  readonly sessions: Sessions;
  readonly assets: Assets;
  /** host:port, as browsers may write it. Requests for another host come from a page that points a name of its own here. */
  readonly hosts: ReadonlySet<string>;
  readonly studies: () => Promise<StudyFile[]>;
  readonly agents: () => Promise<AgentState[]>;
  readonly runs: () => Promise<SealedRun[]>;
  /** One HTML page of these runs. */
  readonly report: (runs: readonly string[]) => Promise<string>;
  readonly nowMs: () => number;
}

/** With this prefix a browser takes the cookie over TLS alone, and of this very host. */
const COOKIE = "__Host-salvo";
const BODY_BYTES_MAX = 65_536;
/** Screens need no more, and a state of many runs is not small. */
const TELL_EVERY_MS = 200;
const SIGN_INS_PER_MINUTE = 20;
const REPORT_RUNS_MAX = 100;
/** A report has styles of its own, and no script. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups";

interface Env {
  Variables: {
    session: Session;
    /** Another content security policy than that of the console's own page. */
    policy?: string;
  };
}

export function consoleRoutes(deps: ConsoleDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use(
    async (context, next) => {
      await next();
      const policy = context.get("policy");
      if (policy !== undefined) context.header("content-security-policy", policy);
    },
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: "DENY",
      referrerPolicy: "no-referrer",
    }),
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: (context) => context.json({ problem: `A request has at most ${BODY_BYTES_MAX} bytes.` }, 413),
    }),
    async (context, next) => {
      const host = context.req.header("host") ?? "";
      if (!deps.hosts.has(host))
        return context.text(
          "The console is not at this name. Open the link that salvo serve has printed, or start it with --listen NAME:PORT.",
          421,
        );
      await next();
      return undefined;
    },
  );
  app.onError((error, context) => {
    const known = toSalvoError(error);
    return context.json({ problem: known.describe() }, known.kind === "internal" ? 500 : 409);
  });
  page(app, deps);
  signing(app, deps);
  app.use("/api/*", async (context, next) => {
    const session = deps.sessions.find(getCookie(context, COOKIE) ?? "");
    if (!session) return context.json({ problem: "You are not signed in." }, 401);
    if (context.req.method !== "GET" && context.req.header("x-salvo-csrf") !== session.csrf)
      return context.json({ problem: "This request does not come from the console's own page." }, 403);
    context.set("session", session);
    await next();
    return undefined;
  });
  reading(app, deps);
  acting(app, deps);
  return app;
}

function page(app: Hono<Env>, { assets }: ConsoleDeps): void {
  const text = (body: string, type: string) => () =>
    new Response(body, { headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" } });
  app.get("/", text(assets.html, "text/html"));
  app.get("/console.js", text(assets.script, "text/javascript"));
  app.get("/console.css", text(assets.style, "text/css"));
}

function signing(app: Hono<Env>, { sessions, nowMs }: ConsoleDeps): void {
  let [minute, tried] = [0, 0];
  app.post("/sign-in", async (context) => {
    const now = Math.floor(nowMs() / 60_000);
    [minute, tried] = [now, now === minute ? tried + 1 : 1];
    if (tried > SIGN_INS_PER_MINUTE) return context.json({ problem: "Too many sign-ins: wait a minute." }, 429);
    const { link } = await jsonOf(context.req.json(), { link: "string" });
    const cookie = sessions.signIn(link);
    if (cookie === undefined)
      return context.json(
        { problem: "This link was used, or is too old. The terminal of salvo serve prints a new one at Enter." },
        403,
      );
    setCookie(context, COOKIE, cookie, {
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: "Strict",
      maxAge: SESSION_LIFE_MS / 1000,
    });
    return context.json({});
  });
}

function reading(app: Hono<Env>, { lab, version, desk, studies, agents, runs, report }: ConsoleDeps): void {
  const state = (): ConsoleState => ({ lab, version, ...desk.state() });
  app.get("/api/session", (context) => context.json({ csrf: context.get("session").csrf }));
  app.get("/api/studies", async (context) => context.json(await studies()));
  app.get("/api/agents", async (context) => context.json(await agents()));
  app.get("/api/runs", async (context) => context.json(await runs()));
  app.get("/api/report", async (context) => {
    const wanted = (context.req.query("runs") ?? "").split(",").filter((run) => run !== "");
    if (wanted.length === 0 || wanted.length > REPORT_RUNS_MAX)
      throw new SalvoError("invalid-input", `a report here is of 1 to ${REPORT_RUNS_MAX} runs`, {
        remedy: "Choose some of them, or type: salvo report '*'",
      });
    context.set("policy", REPORT_POLICY);
    return context.html(await report(wanted));
  });
  app.get("/api/events", (context) =>
    streamSSE(context, async (stream) => {
      const changes = () => Promise.withResolvers<void>();
      let changed = changes();
      using _ = desk.follow(() => changed.resolve());
      stream.onAbort(() => changed.resolve());
      while (!stream.aborted) {
        await stream.writeSSE({ data: JSON.stringify(state()) });
        await stream.sleep(TELL_EVERY_MS);
        await changed.promise;
        changed = changes();
      }
    }),
  );
}

function acting(app: Hono<Env>, { desk, sessions }: ConsoleDeps): void {
  app.post("/api/start", async (context) => {
    const { file } = await jsonOf(context.req.json(), { file: "string" });
    await desk.start(file);
    return context.json({});
  });
  app.post("/api/stop", async (context) => {
    const { id } = await jsonOf(context.req.json(), { id: "number" });
    desk.stop(id);
    return context.json({});
  });
  app.post("/api/withdraw", async (context) => {
    const { id } = await jsonOf(context.req.json(), { id: "number" });
    desk.withdraw(id);
    return context.json({});
  });
  app.post("/api/sign-out", (context) => {
    sessions.signOut(getCookie(context, COOKIE) ?? "");
    deleteCookie(context, COOKIE, { path: "/", secure: true });
    return context.json({});
  });
}

interface Types {
  string: string;
  number: number;
}

/** The fields that are wanted of a request's body. Throws `invalid-input` for another. */
async function jsonOf<Wanted extends Record<string, keyof Types>>(
  body: Promise<unknown>,
  wanted: Wanted,
): Promise<{ [Name in keyof Wanted]: Types[Wanted[Name]] }> {
  const got = await body.catch(() => undefined);
  const fits =
    typeof got === "object" &&
    got !== null &&
    Object.entries(wanted).every(([name, type]) => name in got && typeof Reflect.get(got, name) === type);
  if (!fits) throw new SalvoError("invalid-input", `the body must be JSON with ${Object.keys(wanted).join(", ")}`);
  return got as { [Name in keyof Wanted]: Types[Wanted[Name]] }; // each field was looked at above
}
