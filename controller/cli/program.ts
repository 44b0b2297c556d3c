import { didYouMean } from "@salvo/shared/config/nearest.ts";
import { Command, Option } from "commander";
import type { AgentsCommand } from "./agents.ts";
import type { AuditShowCommand, AuditVerifyCommand } from "./audit.ts";
import type { DemoCommand } from "./demo.ts";
import type { DeployCommand } from "./deploy.ts";
import type { PrintCommand } from "./deploy-print.ts";
import { declareDiscard } from "./discard-options.ts";
import type { DoctorCommand } from "./doctor.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { EnrolCommand } from "./enrol.ts";
import type { InitCommand } from "./init.ts";
import type { Io } from "./io.ts";
import type { NatsConfigCommand } from "./nats-config.ts";
import type { ReaderCommand } from "./reader.ts";
import type { ReportCommand } from "./report.ts";
import type { ResumeCommand } from "./resume.ts";
import type { RunCommand } from "./run.ts";
import type { RunsCommand } from "./runs.ts";
import type { TokenCommand } from "./token.ts";
import type { TailCommand } from "./tail.ts";
import { VERSION } from "./version.ts";
import type { ApplyCommand, StorageCommand } from "./storage.ts";
import type { StatusCommand, UpCommand } from "./vlab.ts";
import { parseCount, parseMebibytes, parseSeconds } from "./values.ts";

/** Every command, option and default of `salvo`; docs/cli.md is written from it. A command is loaded when it is called. */
export function createProgram(io: Io): Command {
  const program = new Command("salvo")
    .description(
      "Coordinated storage benchmarks: every participant's first I/O at one instant, every sample on one clock.",
    )
    .version(VERSION)
    .showHelpAfterError("(salvo help COMMAND tells more)")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .addHelpText("before", ({ error, command: { args, commands } }) => {
      // Commander shows the help for an unknown command, without a word about it.
      const [first, name] = args;
      const names = commands.map((each) => each.name());
      if (!error || first !== "help" || name === undefined) return "";
      return `error: unknown command '${name}'${didYouMean(name, names)}`;
    })
    .addHelpText(
      "after",
      `\nExit codes:\n${Object.values(EXIT)
        .map(({ code, means }) => `  ${String(code).padStart(3)}  ${means}`)
        .join("\n")}`,
    );

  const lab = () =>
    new Option("--lab <FILE>", "the lab file: agents and where they are").env("SALVO_LAB").makeOptionMandatory();
  const data = () => new Option("--data <DIR>", "the controller's data folder").env("SALVO_DATA").default("salvo-data");
  const json = (what: string) => new Option("--json", what);
  const finish =
    <Args extends unknown[]>(command: (...args: Args) => Promise<number>) =>
    async (...args: Args) => {
      io.exitCode = await command(...args);
    };

  program
    .command("demo")
    .description("Shows all of it on this machine: agents as processes of their own, real fio, a report.")
    .addOption(new Option("--agents <N>", "how many agents").argParser(parseCount).default(4))
    .addOption(new Option("--seconds <S>", "how long each workload is measured").argParser(parseSeconds).default(5))
    .addOption(
      new Option("--workload <NAME>", "only this one of the four: 4k-randread, 4k-randwrite, 64k-read, 64k-write"),
    )
    .addOption(new Option("--fio <PATH>", "the fio to use").default("fio"))
    .addOption(new Option("--out <DIR>", "where runs and report go").default("salvo-demo"))
    .addOption(json("one JSON object per run on stdout, and nothing else there"))
    .action(finish(async (options: DemoCommand) => (await import("./demo.ts")).runDemo(options, io)));

  program
    .command("run")
    .description("Runs a study on a lab, one synchronized run after another.")
    .argument("<STUDY>", "the study file: scenarios and workloads")
    .addOption(lab())
    .addOption(data())
    .addOption(new Option("--seconds <S>", "instead of every workload's duration").argParser(parseSeconds))
    .addOption(new Option("--repeats <N>", "instead of the study's").argParser(parseCount))
    .addOption(new Option("--only <SCENARIO/WORKLOAD>", "only what matches; * and ? match anything, as in '*/4k-*'"))
    .addOption(json("one JSON object per run on stdout, and nothing else there"))
    .action(
      finish(async (study: string, options: Omit<RunCommand, "study">) =>
        (await import("./run.ts")).runStudy({ ...options, study }, io),
      ),
    );

  program
    .command("resume")
    .description(
      "Finishes runs that a killed controller left open, and collects what agents still hold of sealed ones.",
    )
    .addOption(lab())
    .addOption(data())
    .addOption(json("one JSON object per run on stdout, and nothing else there"))
    .action(finish(async (options: ResumeCommand) => (await import("./resume.ts")).resumeRuns(options, io)));

  declareDiscard(program, { lab, data, finish, io });

  program
    .command("report")
    .description("Makes one HTML file of sealed runs, which needs no network and no other file.")
    .argument("<RUN...>", "run ids, or how they begin; * for all")
    .addOption(data())
    .addOption(new Option("--out <FILE>", "the file to write").default("report.html"))
    .action(
      finish(async (runs: string[], options: Omit<ReportCommand, "runs">) =>
        (await import("./report.ts")).makeReport({ ...options, runs }, io),
      ),
    );

  program
    .command("runs")
    .description("Lists the runs in a data folder, or asks them something in SQL (tables runs, samples, cpu, disk).")
    .addOption(data())
    .addOption(new Option("--sql <QUERY>", "a DuckDB query over all sealed runs"))
    .addOption(json("one JSON object per row on stdout"))
    .action(finish(async (options: RunsCommand) => (await import("./runs.ts")).listStoredRuns(options, io)));

  program
    .command("init")
    .description("Makes a lab's folder: lab.yaml, its certificate authority, and the controller's certificate.")
    .argument("<DIR>", "the folder; made when it is missing")
    .addOption(new Option("--name <NAME>", "the lab's name; the folder's without it"))
    .addOption(new Option("--host <HOST>", "where agents reach this host").default("127.0.0.1"))
    .action(
      finish(async (folder: string, options: Omit<InitCommand, "folder">) =>
        (await import("./init.ts")).initLab({ ...options, folder }, io),
      ),
    );

  program
    .command("token")
    .description("One-time tokens, with which hosts join a lab.")
    .command("create")
    .description("Prints a token for one agent; it is good once, for 15 minutes.")
    .addOption(lab())
    .addOption(new Option("--agent <ID>", "the id of the agent that will join with it").makeOptionMandatory())
    .addOption(new Option("--role <ROLE...>", "what the agent may be asked to do").default(["workload"]))
    .action(finish(async (options: TokenCommand) => (await import("./token.ts")).printToken(options, io)));

  program
    .command("enrol")
    .description("Lets hosts that have a token join the lab, until Ctrl-C.")
    .addOption(lab())
    .addOption(new Option("--listen <ADDRESS>", "where; port 0 takes a free one").default("0.0.0.0:7440"))
    .action(finish(async (options: EnrolCommand) => (await import("./enrol.ts")).serveJoins(options, io)));

  program
    .command("deploy")
    .description(
      "Puts agents on their hosts over SSH, as the lab file says: copies, installs, joins, starts. Again: upgrades.",
    )
    .argument("[AGENT...]", "only these; without any, all that have ssh in the lab file")
    .addOption(lab())
    .addOption(new Option("--plan", "only say what would be done"))
    .addOption(new Option("--remove", "instead: stop the agents, and take away all that was put there"))
    .addOption(new Option("--bundle <FILE>", "the archive to install; without it, that of this checkout is made"))
    .addOption(
      new Option(
        "--print",
        "instead, for a host without SSH: print a line to paste there, and wait for its agent",
      ).conflicts(["plan", "remove", "json"]),
    )
    .addOption(
      new Option("--os <OS>", "of the host that --print is for").choices(["linux", "windows"]).default("linux"),
    )
    .addOption(json("one JSON object per host on stdout"))
    .action(
      finish(
        async (
          chosen: string[],
          { print, ...options }: Omit<DeployCommand & PrintCommand, "agents"> & { print?: boolean },
        ) =>
          print
            ? (await import("./deploy-print.ts")).printLine({ ...options, agents: chosen }, io)
            : (await import("./deploy.ts")).deployAgents({ ...options, agents: chosen }, io),
      ),
    );

  program
    .command("nats")
    .description("A nats-server, or a cluster, that the controller does not start itself.")
    .command("config")
    .description("Writes a folder with configuration, certificates and users for each server; again after any change.")
    .addOption(lab())
    .addOption(
      new Option("--host <NAME...>", "where each server is reached, with its port if not 4222").makeOptionMandatory(),
    )
    .addOption(new Option("--out <DIR>", "where the folders go").default("nats-config"))
    .addOption(
      new Option("--place <DIR>", "where a server finds its folder on its own host; {server} is its name").default(
        "/etc/salvo/nats",
      ),
    )
    .action(
      finish(async (options: NatsConfigCommand) => (await import("./nats-config.ts")).writeNatsConfig(options, io)),
    );

  program
    .command("controller")
    .description("The controller's own certificate.")
    .command("renew")
    .description("Gives the controller another certificate, and lets every agent know: the one before is refused.")
    .addOption(lab())
    .action(
      finish(async (options: { lab: string }) => (await import("./renew-controller.ts")).renewController(options, io)),
    );

  const storage = program
    .command("lab")
    .description("The storage of a lab: what its targets export, what its initiators attach to, and the way between.");
  const yes = () => new Option("--yes", "do not ask");
  storage
    .command("inspect")
    .description("Shows what is there, Salvo's and others', and by what a LUN is known. Changes nothing.")
    .addOption(lab())
    .addOption(json("one JSON object per host on stdout"))
    .action(finish(async (options: StorageCommand) => (await import("./storage.ts")).inspectStorage(options, io)));
  storage
    .command("plan")
    .description("Prints every command that apply would have done on every host. Changes nothing.")
    .addOption(lab())
    .addOption(json("one JSON object per host on stdout"))
    .action(finish(async (options: StorageCommand) => (await import("./storage.ts")).planStorage(options, io)));
  storage
    .command("apply")
    .description(
      "Brings all hosts to what the lab file's storage section says: shows the plan, asks, and does just that.",
    )
    .addOption(lab())
    .addOption(yes())
    .addOption(json("one JSON object per host on stdout, when it is done"))
    .action(finish(async (options: ApplyCommand) => (await import("./storage.ts")).applyStorage(options, io)));
  storage
    .command("check")
    .description(
      "Tries out the way from every initiator to every address of a target: links, MTU, and RDMA with its throughput.",
    )
    .addOption(lab())
    .addOption(json("one JSON object per check on stdout"))
    .action(finish(async (options: StorageCommand) => (await import("./path-checks.ts")).checkLab(options, io)));
  storage
    .command("destroy")
    .description("Removes all that apply has made, and nothing else: shows the plan, asks, and does just that.")
    .addOption(lab())
    .addOption(yes())
    .addOption(json("one JSON object per host on stdout, when it is done"))
    .action(finish(async (options: ApplyCommand) => (await import("./storage.ts")).destroyStorage(options, io)));

  const agents = program
    .command("agents")
    .description("Asks every agent of a lab who and how it is.")
    .addOption(lab())
    .addOption(
      new Option(
        "--release <RUN>",
        "instead: let every agent delete its records of this run, which then nobody can collect",
      ),
    )
    .addOption(json("one JSON object per agent on stdout"))
    .action(finish(async (options: AgentsCommand) => (await import("./agents.ts")).listAgents(options, io)));

  agents
    .command("revoke")
    .description("Ends an agent's part in the lab for ever: it is asked nothing, may say nothing, and is not renewed.")
    .argument("<ID>", "the agent; --lab names its lab")
    .action(
      finish(async (agent: string, _none: object, command: Command) => {
        // The option is the command's above.
        const { lab }: AgentsCommand = command.optsWithGlobals();
        return (await import("./revoke.ts")).revokeAgent({ agent, lab }, io);
      }),
    );

  const readers = program
    .command("reader")
    .description("Programs of your own that read a lab's telemetry from NATS: docs/subjects.md.");
  readers
    .command("create")
    .description("Makes key and certificate of one that may read all telemetry of the lab, and do nothing else.")
    .argument("<NAME>", "what to call it: lower-case letters, digits and hyphens")
    .addOption(lab())
    .addOption(data())
    .addOption(new Option("--out <DIR>", "where ca.pem, cert.pem and key.pem go; a folder of its name without it"))
    .action(
      finish(async (name: string, options: Omit<ReaderCommand, "name">) =>
        (await import("./reader.ts")).createReader({ ...options, name }, io),
      ),
    );
  readers
    .command("revoke")
    .description("Shuts a reader out for ever, at once.")
    .argument("<NAME>", "the reader")
    .addOption(lab())
    .action(
      finish(async (name: string, options: Pick<ReaderCommand, "lab">) =>
        (await import("./reader.ts")).revokeReader({ ...options, name }, io),
      ),
    );

  const audit = program.command("audit").description("Who did what in a lab, when, and how it ended.");
  const labIfAny = () => new Option("--lab <FILE>", "the lab file: its audit log stands beside it").env("SALVO_LAB");
  audit
    .command("verify")
    .description("Tells by line number what of an audit log is not as it was written; then the exit code is 6.")
    .argument("[FILE...]", "logs, or copies of agents' logs; without any, the lab's own")
    .addOption(labIfAny())
    .addOption(new Option("--agent <ID>", "whose logs the files are: they must hold what the lab's log knows of them"))
    .addOption(json("one JSON object per log on stdout"))
    .action(
      finish(async (files: string[], options: Omit<AuditVerifyCommand, "files">) =>
        (await import("./audit.ts")).verifyAudits({ ...options, files }, io),
      ),
    );
  audit
    .command("show")
    .description("Lists what was done last, each with how it ended.")
    .argument("[FILE]", "a log, or a copy of an agent's log; without it, the lab's own")
    .addOption(labIfAny())
    .addOption(new Option("--last <N>", "how many").argParser(parseCount).default(20))
    .addOption(json("instead: all entries as they stand there, one JSON object each"))
    .action(
      finish(async (file: string | undefined, options: Omit<AuditShowCommand, "file">) =>
        (await import("./audit.ts")).showAudit({ ...options, ...(file !== undefined && { file }) }, io),
      ),
    );

  program
    .command("tail")
    .description("Prints samples and events of a run as they come in, or of one that was.")
    .addOption(lab())
    .addOption(data())
    .addOption(
      new Option("--run <RUN>", "of this run alone; without it, of all that the stream still has and of what comes"),
    )
    .addOption(
      new Option("--format <FORMAT>", "how to print a record").choices(["json", "csv", "influx"]).default("json"),
    )
    .addOption(new Option("--kind <KIND...>", "only these").choices(["fio", "cpu", "disk", "event"]))
    .action(finish(async (options: TailCommand) => (await import("./tail.ts")).tailRecords(options, io)));

  program
    .command("doctor")
    .description("Looks at this machine, and at the agents of a lab, and says what to do about what it finds.")
    .addOption(new Option("--lab <FILE>", "look at this lab's agents too").env("SALVO_LAB"))
    .addOption(data())
    .addOption(json("one JSON object per check on stdout"))
    .action(finish(async (options: DoctorCommand) => (await import("./doctor.ts")).diagnose(options, io)));

  const vlab = program
    .command("vlab")
    .description(
      "A lab of virtual machines on this host, for trying out: a target and guests with clocks of their own.",
    );
  const dir = () => new Option("--dir <DIR>", "the lab's folder").makeOptionMandatory();
  vlab
    .command("up")
    .description("Starts the guests and returns when every agent answers. Needs root, QEMU, and `scripts/setup vlab`.")
    .addOption(dir())
    .addOption(
      new Option("--guests <N>", "how many initiator guests, besides the target").argParser(parseCount).default(2),
    )
    .addOption(new Option("--memory <MIB>", "of each guest, in MiB").argParser(parseMebibytes).default(1024))
    .addOption(
      new Option("--disk <MIB>", "each guest's own disk, in MiB, half of it for workloads")
        .argParser(parseMebibytes)
        .default(256),
    )
    .action(finish(async (options: UpCommand) => (await import("./vlab.ts")).upVlab(options, io)));
  vlab
    .command("status")
    .description("Shows the guests of a virtual lab; exits with 6 unless all of them run.")
    .addOption(dir())
    .addOption(json("one JSON object on stdout"))
    .action(finish(async (options: StatusCommand) => (await import("./vlab.ts")).showVlab(options, io)));
  vlab
    .command("shell")
    .description("A root shell in a guest, or one command there, whose exit code this ends with.")
    .argument("<GUEST>", "target, guest1, guest2, ...")
    .argument("[COMMAND...]", "what to run; after -- when it has options")
    .addOption(dir())
    .action(
      finish(async (guest: string, command: string[], options: { dir: string }) =>
        (await import("./vlab.ts")).shellInto({ ...options, guest, command }, io),
      ),
    );
  vlab
    .command("down")
    .description("Ends the guests and removes their networks and disks, also after `up` was killed.")
    .addOption(dir())
    .action(finish(async (options: { dir: string }) => (await import("./vlab.ts")).downVlab(options, io)));

  return program;
}
