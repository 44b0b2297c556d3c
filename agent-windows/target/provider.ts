/** This host as a target: StarWind Virtual SAN, by the spec that targets of Linux take. */
import type { AgentConfig, StarWind } from "@salvo/proto/agent_file_pb.ts";
import type { TargetSpec } from "@salvo/proto/storage_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import type { ProviderDeps, TargetProvider } from "@salvo/shared/agent/provision/provider.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { join } from "node:path";
import type { PowerShell } from "../powershell/bridge.ts";
import { textOf } from "../powershell/fields.ts";
import { readPrivateLines } from "../private-file.ts";
import { targetsNode } from "../starwind/config-node.ts";
import { type ConfigFile, configFile } from "../starwind/set-node.ts";
import { foundBase, iserAddresses, wantedBase } from "./base.ts";
import { checkExport, exportedLuns, foundTargets, wantedExport } from "./exports.ts";
import { describe, type Op } from "./op.ts";
import { perform } from "./perform.ts";
import type { Found, Piece } from "./piece.ts";
import { type Processors, ramDiskNode } from "./ram-disk.ts";
import { openRecords } from "./records.ts";
import { parseState, STOPPED, type StarWindState } from "./state.ts";
import { foundVolumes, wantedVolume } from "./volumes.ts";

export interface StarWindDeps extends ProviderDeps {
  readonly powerShell: PowerShell;
  readonly processors: Processors;
  readonly openConfig?: (path: string) => ConfigFile;
}

export function starWindTarget(deps: StarWindDeps): TargetProvider<Op> {
  const { config, lab, powerShell, processors, openConfig = configFile } = deps;
  const maker = { lab: lab || "none", agent: config.id };
  const records = openRecords(join(config.dataDir, "starwind.json"));
  const login = async () => {
    const [User = "", Password = ""] = await readPrivateLines(starWindOf(config).credentialsFile, powerShell);
    return { User, Password };
  };
  return {
    async look() {
      const starWind = starWindOf(config);
      const status = textOf(await powerShell.call("service-state", { Name: "StarWindService" }), "status");
      const serviceRuns = status === "Running";
      const state = serviceRuns ? parseState(await powerShell.call("starwind-state", await login())) : STOPPED;
      const known = await records.read();
      const found = [
        ...foundBase({
          targetsNode:
            starWind.targetsNode === undefined ? undefined : targetsNode(await openConfig(starWind.configFile).read()),
          ramDiskNode: starWind.ramDiskNode === undefined ? undefined : await ramDiskNode(powerShell, processors),
          iserAddresses: iserAddresses(state.iser) ?? [],
        }),
        ...foundVolumes(known, state),
        ...foundTargets(known, state, maker),
      ];
      return {
        found,
        show: (pieces: readonly Found[]) => ({
          luns: exportedLuns(new Set(pieces.map(({ id }) => id)), known, state, maker),
        }),
        wanted: (spec: TargetSpec) => wantedPieces(spec, { starWind, state, maker, serviceRuns }),
      };
    },
    describe,
    perform: (op) =>
      perform(op, {
        powerShell,
        login,
        config: openConfig(starWindOf(config).configFile),
        processors,
        records,
        imageFolder: starWindOf(config).imageFolder,
        imageName: (volume) => `salvo-${maker.lab}-${maker.agent}-${volume}`,
      }),
  };
}

/** Throws `refused` where the agent's own file does not say how StarWind lets it in. */
function starWindOf({ id, starWind }: AgentConfig): StarWind {
  if (starWind) return starWind;
  throw new SalvoError("refused", "this agent's own file says nothing of StarWind, which targets on Windows need", {
    host: id,
    remedy: "Add starWind with credentialsFile to the agent's file, and restart the agent",
  });
}

interface Wanting {
  readonly starWind: StarWind;
  readonly state: StarWindState;
  readonly maker: Maker;
  readonly serviceRuns: boolean;
}

/** Nothing is wanted of a host that is to have nothing. */
function wantedPieces(spec: TargetSpec, { starWind, state, maker, serviceRuns }: Wanting): Piece[] {
  const { volumes, exports } = spec;
  if (volumes.length === 0 && exports.length === 0) return [];
  if (!serviceRuns)
    throw new SalvoError("refused", "StarWindService does not run: what it has cannot be known", {
      host: maker.agent,
      remedy: "Type on the host: Start-Service StarWindService",
    });
  for (const each of exports) checkExport(each, spec, state, maker.agent);
  const pieces = [
    ...wantedBase(starWind),
    ...volumes.map((volume) => wantedVolume(volume, maker.agent, starWind.imageFolder)),
    ...exports.flatMap((each) => wantedExport(each, maker, state)),
  ];
  // Exports may share an address of iSER.
  return [...new Map(pieces.map((piece) => [piece.id, piece])).values()];
}
