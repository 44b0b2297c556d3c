/** Windows' initiator by plan and apply, on a simulated host. */
import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type IscsiWorld, restart } from "../../testbed/windows-sim/iscsi.ts";
import { simulatedPowerShell } from "../powershell/simulated.fixture.ts";
import type { Fault } from "../powershell/in-process.fixture.ts";
import {
  attachmentTo,
  engine,
  LUN,
  multipathWorld,
  newFolder,
  NOTHING,
  PORTAL,
  SECOND,
  SECRET,
  specOf,
  world,
  X,
} from "./initiator.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "salvo-windows-initiator-"));
afterAll(() => rmSync(root, { recursive: true }));
const inFolder = () => ({ folder: newFolder(root) });

const FOUR = specOf(attachmentTo(X, { sessions: 4, multipath: Multipath.QUEUE_LENGTH }));

/** All of the host but numbers that Windows counts on. */
function leftOf({ portals, sessions, disks }: IscsiWorld) {
  return {
    portals: [...portals],
    sessions: sessions.length,
    disks: disks.map(({ uniqueId, offline }) => [uniqueId, offline]),
  };
}

test("one session: planned, applied, read back, and a second apply has nothing to do", async () => {
  const host = world();
  const before = leftOf(host);
  const { apply, stepsFor, commandsFor, inspect } = engine(host, inFolder());
  const one = specOf(attachmentTo(X));
  expect(await commandsFor(one)).toEqual([
    "Start-Service MSiSCSI",
    "New-IscsiTargetPortal -TargetPortalAddress 10.0.0.1 -TargetPortalPortNumber 3260",
    `Connect-IscsiTarget -NodeAddress ${X.name} -TargetPortalAddress 10.0.0.1 -TargetPortalPortNumber 3260`,
    `Get-IscsiSession # there must be 1 to ${X.name} at 10.0.0.1:3260`,
    expect.stringMatching(/^Set-Disk -IsOffline \$false # the disk of LUN 0 .*naa\.6001405.*2097152 B/),
  ]);
  await apply(one);
  expect(await stepsFor(one)).toEqual([]);
  expect((await inspect()).shown).toMatchObject({
    initiator: "iqn.1991-05.com.microsoft:win1",
    luns: [
      {
        target: X.name,
        transport: Transport.ISCSI,
        portal: PORTAL,
        disk: expect.stringMatching(/^PhysicalDrive[1-9]/),
        wwn: `naa.${LUN.uniqueId.toLowerCase()}`,
        serial: LUN.serial,
        sizeBytes: 2n ** 21n,
        state: "connected",
      },
    ],
  });
  expect(host.disks.every(({ offline }) => !offline)).toBe(true);
  await apply(NOTHING);
  expect(leftOf(host)).toEqual(before);
});

test("four sessions by MPIO: one disk, its policy set and read back, and changed in use", async () => {
  const host = multipathWorld();
  const { apply, stepsFor, inspect, changes } = engine(host, inFolder());
  await apply(FOUR);
  expect(await stepsFor(FOUR)).toEqual([]);
  expect(host.disks[1]?.mpio?.policy).toBe("LQD");
  const { luns } = (await inspect()).shown;
  expect([luns.length, new Set(luns.map(({ disk }) => disk)).size]).toEqual([4, 1]);
  changes.length = 0;
  const inTurn = specOf(attachmentTo(X, { sessions: 4, multipath: Multipath.ROUND_ROBIN }));
  expect(await stepsFor(inTurn)).toEqual([`set lun ${X.name}/0`]);
  await apply(inTurn);
  expect(changes.map(({ script }) => script)).toEqual(["mpio-policy"]);
  expect(host.disks[1]?.mpio?.policy).toBe("RR");
});

test("a host without MPIO: its restart is a step, and all goes on after it", async () => {
  const host = world();
  const place = inFolder();
  const { apply, commandsFor } = engine(host, place);
  expect(await commandsFor(FOUR)).toContainEqual(expect.stringContaining("reboot needed"));
  await expect(apply(FOUR)).rejects.toMatchObject({
    kind: "wrong-state",
    message: expect.stringContaining("reboot needed: MPIO is enabled"),
  });
  // Not restarted yet: it is asked for again, and no session is made.
  await expect(engine(host, place).apply(FOUR)).rejects.toThrow("reboot needed");
  expect(host.sessions).toEqual([]);
  restart(host);
  const later = engine(host, { ...place, boot: "2" });
  await later.apply(FOUR);
  expect(await later.stepsFor(FOUR)).toEqual([]);
  expect(host.sessions).toHaveLength(4);
});

test("MPIO that is claimed and was not restarted is not used, though Windows shows it", async () => {
  const host = multipathWorld();
  host.mpio = { installed: "Installed", claimed: false, runs: false };
  const place = inFolder();
  await expect(engine(host, place).apply(FOUR)).rejects.toThrow("reboot needed");
  expect((await engine(host, place).inspect()).items.find(({ kind }) => kind === "multipath")?.problem).toBe(
    "Windows was not restarted since MPIO was enabled",
  );
});

test("sessions that end with the host's restart are made again", async () => {
  const host = multipathWorld();
  const place = inFolder();
  await engine(host, place).apply(FOUR);
  restart(host);
  const later = engine(host, { ...place, boot: "2" });
  await later.apply(FOUR);
  expect([host.sessions.length, await later.stepsFor(FOUR)]).toEqual([4, []]);
});

test("a session that lost its connection is told, and all to that portal are made anew", async () => {
  const host = multipathWorld();
  const { apply, inspect } = engine(host, inFolder());
  const two = specOf(attachmentTo(X, { portals: [PORTAL, SECOND] }));
  await apply(two);
  const [first] = host.sessions;
  if (first) first.connected = false;
  // Windows does not tell the portal of such a session.
  await apply(two);
  expect(host.sessions.filter(({ connected }) => connected)).toHaveLength(2);
  expect((await inspect()).items.flatMap(({ problem }) => problem ?? [])).toEqual([]);
});

test("CHAP: the secret comes from a private file, goes to the script alone, and is in no plan", async () => {
  const target = { ...X, chap: { user: "guest1", secret: SECRET } };
  const spec = specOf(attachmentTo(target, { chap: { user: "guest1", secret: "chap" } }));
  const host = world(target);
  const { apply, commandsFor, stepsFor } = engine(host, inFolder());
  expect((await commandsFor(spec)).join("\n")).not.toContain(SECRET);
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  const open = engine(world(target), { ...inFolder(), allowed: ["S-1-5-18", "S-1-5-32-545"] });
  await expect(open.apply(spec)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("other accounts may use this file: S-1-5-32-545"),
  });
  const unknown = engine(world(target), { ...inFolder(), allowed: [] });
  await expect(unknown.apply(spec)).rejects.toThrow("nobody is named");
});

test.each([
  ["iser", { transport: Transport.ISER }, "no initiator for iser"],
  ["nvme", { transport: Transport.NVME_TCP }, "no initiator for nvme-tcp"],
  ["no portal", { portals: [] }, "it has no portal"],
  ["a disk each", { sessions: 2, multipath: Multipath.NONE }, "one disk of several sessions"],
  ["a queue depth", { queueDepth: 64 }, "queueDepth cannot be set on Windows"],
  [
    "a device",
    { luns: [{ number: 0, wwn: "naa.6001405000000000", device: "lun1" }] },
    "runs on Windows use files alone",
  ],
  [
    "guests",
    { luns: [{ number: 0, wwn: "naa.6001405000000000", guests: [{ agent: "guest1", vm: "vm1" }] }] },
    "gives no disks to guests",
  ],
])("%s is refused before anything is done", async (_, more, message) => {
  const { stepsFor, changes } = engine(multipathWorld(), inFolder());
  await expect(stepsFor(specOf(attachmentTo(X, more)))).rejects.toThrow(message);
  expect(changes).toEqual([]);
});

test.each([
  ["another unique id", { uniqueId: "60014050000000000000000000000000" }, /is naa\.60014050000000+, not naa\./],
  ["a unique id of no known form", { format: 0 }, /is 60014050A1B2.*, not naa\./],
  ["another serial number", { serial: "other" }, /serial number other, not 0a1b2c3d/],
  ["no serial number", { serial: "" }, /serial number none, not/],
  ["another size", { bytes: 4096 }, /has 4096 B, not 2097152 B/],
])("a disk with %s is refused and stays offline", async (_, more, message) => {
  const host = world({ ...X, luns: [{ ...LUN, ...more }] });
  const { apply } = engine(host, inFolder());
  await expect(apply(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(message),
  });
  expect(host.disks[1]?.offline).toBe(true);
  await apply(NOTHING);
  expect(host.sessions).toEqual([]);
});

test("sessions of which MPIO makes no one disk are refused", async () => {
  const host = multipathWorld();
  host.mpio.runs = false;
  await expect(engine(host, inFolder()).apply(FOUR)).rejects.toThrow(/LUN 0 of .* is 4 disks: MPIO does not make one/);
});

test("a disk that comes late is waited for, and one that never comes is named", async () => {
  const host = world();
  host.looksUntilDisks = 3;
  await engine(host, inFolder()).apply(specOf(attachmentTo(X)));
  const never = world();
  never.looksUntilDisks = 1_000;
  await expect(engine(never, inFolder()).apply(specOf(attachmentTo(X)))).rejects.toMatchObject({
    kind: "timeout",
    message: expect.stringContaining("waiting for the disk of LUN 0"),
  });
});

test("a policy that Windows does not take, and a disk that it keeps offline, are told", async () => {
  const deaf = multipathWorld();
  deaf.ignoresPolicies = true;
  await expect(engine(deaf, inFolder()).apply(FOUR)).rejects.toThrow(/has the policy round-robin and not queue-length/);
  const kept = world();
  kept.keepsOffline = true;
  await expect(engine(kept, inFolder()).apply(specOf(attachmentTo(X)))).rejects.toThrow(/leaves its disk \d+ offline/);
});

test("sessions and portals of others are left alone, and a target that is theirs is refused", async () => {
  const host = world();
  const others = engine(host, inFolder());
  await others.apply(specOf(attachmentTo(X)));
  const { apply, stepsFor } = engine(host, inFolder());
  await expect(stepsFor(specOf(attachmentTo(X)))).rejects.toThrow("is there already, and this agent did not make it");
  await apply(NOTHING);
  expect([host.sessions.length, host.portals.length]).toEqual([1, 1]);
});

const SPECS = {
  "one session": [world, specOf(attachmentTo(X))],
  "four sessions, least queue depth": [multipathWorld, FOUR],
  "two portals": [multipathWorld, specOf(attachmentTo(X, { portals: [PORTAL, SECOND], sessions: 2 }))],
} as const;

test.each(Object.entries(SPECS))(
  "%s: whatever script fails, the next apply makes all, and nothing is left after it is taken away",
  async (_, [make, spec]) => {
    const undisturbed = make();
    const first = engine(undisturbed, inFolder());
    await first.apply(spec);
    const wanted = leftOf(undisturbed);
    const count = first.changes.length;
    expect(count).toBeGreaterThan(3);
    for (let at = 0; at < count; at++)
      for (const fault of ["before", "after"] as const) {
        const host = make();
        const before = leftOf(host);
        const place = inFolder();
        const faults = [...Array<Fault>(at), fault];
        await expect(engine(host, { ...place, faults }).apply(spec)).rejects.toThrow("on purpose");
        const next = engine(host, place);
        await next.apply(spec);
        expect.soft(await next.stepsFor(spec), `${fault} ${at}`).toEqual([]);
        expect.soft(leftOf(host), `${fault} ${at}`).toEqual(wanted);
        await next.apply(NOTHING);
        expect.soft(leftOf(host), `${fault} ${at}`).toEqual(before);
      }
  },
);

test("the same by a process in place of powershell.exe", async () => {
  const place = inFolder();
  const file = join(place.folder, "world.json");
  writeFileSync(file, JSON.stringify(world()));
  const powerShell = simulatedPowerShell(place.folder, { iscsi: file });
  const { apply, stepsFor } = engine(world(), { ...place, powerShell });
  const spec = specOf(attachmentTo(X));
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
});
