/** `storage core device set` and `setconfig`. Source of the refusal: a capture with its typing. */
import { CommandFailure } from "../failure.ts";
import { nothing } from "../format/output.ts";
import { configOfDevice, diskNamed, driverQueueDepth } from "../world/devices.ts";
import { type Command, requiredStr, str } from "./command.ts";

const DEVICE = requiredStr("device", "d", "The device upon which to apply the settings.");

export const deviceSetCommands: readonly Command[] = [
  {
    path: "storage core device set",
    help: "Provide control to allow a user to modify a SCSI device's state.",
    options: [
      DEVICE,
      str("name", "n", "The new name to assign the given device."),
      str("state", undefined, "Set the SCSI device to the specific state requested: off, on."),
      { name: "max-queue-depth", short: "m", type: "long", help: "Set the new LUN max queue depth." },
      {
        name: "sched-num-req-outstanding",
        short: "O",
        type: "long",
        help: "Set number of outstanding IOs with competing worlds.",
      },
      { name: "queue-full-sample-size", short: "s", type: "long", help: "Set device's queue full sample size." },
      { name: "queue-full-threshold", short: "q", type: "long", help: "Set device's queue full threshold." },
    ],
    run: ({ state, options }) => {
      const disk = diskNamed(state, options.text("device"));
      const config = configOfDevice(state, disk.id);
      const [depth, competing] = [options.number("max-queue-depth"), options.number("sched-num-req-outstanding")];
      if (depth !== undefined && (depth < 1 || depth > driverQueueDepth(state, disk)))
        throw new CommandFailure(
          "Unable to set device's max-queue-depth or current-queue-depth. Error was: Unable to complete Sysinfo operation.  Please see the VMkernel log file for more details.: Sysinfo error: Bad parameterSee VMkernel log for details.",
        );
      const most = depth ?? config.maxQueueDepth ?? driverQueueDepth(state, disk);
      if (competing !== undefined && (competing < 1 || competing > most))
        throw new CommandFailure(
          "Unable to set device's sched-num-req-outstanding. Error was: Unable to complete Sysinfo operation.  Please see the VMkernel log file for more details.: Sysinfo error: Bad parameterSee VMkernel log for details.",
        );
      const wanted = options.optional("state");
      if (wanted !== undefined && wanted !== "on" && wanted !== "off")
        throw new CommandFailure("Invalid data constraint for parameter 'state'.");
      config.maxQueueDepth = depth ?? config.maxQueueDepth;
      config.competing = competing ?? config.competing;
      config.state = wanted ?? config.state;
      config.displayName = options.optional("name") ?? config.displayName;
      config.queueFullSampleSize = options.number("queue-full-sample-size") ?? config.queueFullSampleSize;
      config.queueFullThreshold = options.number("queue-full-threshold") ?? config.queueFullThreshold;
      return nothing;
    },
  },
  {
    path: "storage core device setconfig",
    help: "Set device configuration.",
    options: [DEVICE, { name: "perennially-reserved", type: "bool", help: "Mark device as perennially reserved." }],
    run: ({ state, options }) => {
      const config = configOfDevice(state, diskNamed(state, options.text("device")).id);
      config.perenniallyReserved = options.bool("perennially-reserved") ?? config.perenniallyReserved;
      return nothing;
    },
  },
];
