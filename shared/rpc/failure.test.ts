import { Metadata, status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { SalvoError, type ErrorKind } from "@salvo/shared/kernel/error.ts";
import { fromStatus, toStatus } from "./failure.ts";
import { kindOfStatus, STATUS_OF_KIND } from "./status.ts";

const call = { method: "salvo.test.Echo/One", host: "10.0.0.7:7400", deadlineMs: 250 };

function bare(code: Status, details = "details") {
  return fromStatus({ code, details, metadata: new Metadata() }, call);
}

test("every kind has a status of its own, which means that kind again", () => {
  const codes = Object.values(STATUS_OF_KIND);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes).not.toContain(Status.OK);
  for (const [kind, code] of Object.entries(STATUS_OF_KIND)) expect(kindOfStatus(code)).toBe(kind);
});

test("every status that is no kind's own still means one", () => {
  const own = new Set<number>(Object.values(STATUS_OF_KIND));
  const others = Object.values(Status).filter(
    (code) => typeof code === "number" && code !== Status.OK && !own.has(code),
  );
  const meant = others.map((code) => [Status[code as Status], kindOfStatus(code as Status)]);
  expect(Object.fromEntries(meant)).toEqual({
    UNKNOWN: "internal",
    ALREADY_EXISTS: "wrong-state",
    OUT_OF_RANGE: "invalid-input",
    UNIMPLEMENTED: "refused",
    UNAUTHENTICATED: "refused",
  });
});

test("an error arrives with all its facts but its cause", () => {
  const place = { host: "guest1", file: "/etc/salvo/agent.yaml", line: 3, column: 7 };
  for (const kind of Object.keys(STATUS_OF_KIND) as ErrorKind[]) {
    const facts = { ...place, remedy: "Mount it. Größe prüfen 🚒" };
    const sent = new SalvoError(kind, "cannot write /dev/sdb: größer 🚒", { ...facts, cause: new Error("secret") });
    const status = toStatus(sent);
    expect(status.code).toBe(STATUS_OF_KIND[kind]);
    const received = fromStatus(status, call);
    expect(received).toMatchObject({ kind, message: sent.message, ...facts });
    expect(received.describe()).toBe(sent.describe());
    expect(received.cause).toBeUndefined();
  }
});

test("an error that names no host happened on the peer", () => {
  expect(fromStatus(toStatus(new SalvoError("refused", "no")), call).host).toBe("10.0.0.7:7400");
});

test("a message that is far too long for a trailer, or cut within a character, still arrives", () => {
  const { details, metadata } = toStatus(new SalvoError("corrupt", "🚒".repeat(100_000).slice(1)));
  expect(() => encodeURI(details)).not.toThrow();
  const received = fromStatus({ code: Status.DATA_LOSS, details, metadata }, call);
  expect(received.kind).toBe("corrupt");
  expect(received.message).toHaveLength(4096);
});

test.each(["", "no json", "[]", "null", '{"kind":"toString","message":"m"}', '{"kind":"corrupt"}'])(
  "a trailer that says %j is as good as none",
  (json) => {
    const metadata = new Metadata();
    metadata.set("salvo-error-bin", Buffer.from(json));
    const error = fromStatus({ code: Status.NOT_FOUND, details: "no such run", metadata }, call);
    expect(error).toMatchObject({ kind: "not-found", message: "salvo.test.Echo/One failed: no such run" });
  },
);

test("what gRPC itself reports names the method, the peer and what to do", () => {
  expect(bare(Status.DEADLINE_EXCEEDED)).toMatchObject({
    kind: "timeout",
    host: "10.0.0.7:7400",
    message: "salvo.test.Echo/One took longer than 250 ms",
    remedy: expect.stringContaining("overloaded"),
  });
  expect(bare(Status.UNAVAILABLE, "connect ECONNREFUSED").describe()).toBe(
    "10.0.0.7:7400: salvo.test.Echo/One was not completed: connect ECONNREFUSED. " +
      "Check that Salvo runs there and listens on 10.0.0.7:7400, and that no firewall stands between",
  );
  expect(bare(Status.RESOURCE_EXHAUSTED, "Received message larger than max (9000000 vs 8388608)")).toMatchObject({
    kind: "out-of-resources",
    message: "salvo.test.Echo/One: a message of 9000000 bytes is over the limit of 8 MiB",
  });
});

test("a call that the transport broke is unavailable, whatever status the transport chose", () => {
  expect(bare(Status.CANCELLED, "Call cancelled").kind).toBe("unavailable");
  expect(bare(Status.INTERNAL, "Received RST_STREAM with code 2").kind).toBe("unavailable");
});
