/**
 * StarWind Virtual SAN on a simulated Windows, as Salvo's scripts see it. What devices and targets are called, and what they tell, is
 * from public scripts and their outputs; no StarWind was here. It shares no code with the agent.
 */

interface Device {
  readonly name: string;
  readonly id: string;
  readonly type: "RAM disk" | "Image file";
  readonly file: string;
  readonly bytes: string;
  readonly sector: string;
  target: string;
  lun: string;
  readonly eui: string;
  readonly serial: string;
}

export interface StarWindWorld {
  readonly user: string;
  readonly password: string;
  service: "Running" | "Stopped";
  devices: Device[];
  targets: { readonly name: string; readonly alias: string }[];
  readonly interfaces: readonly { readonly address: string; readonly port: number }[];
  iser: string;
  /** The processes of StarWind RAM Disk. */
  ramDisk: number[];
  next: number;
  /** Its devices do not tell by what initiators know them. */
  tellsNoEui?: boolean;
  /** As some versions may: the parameter is kept as it was. */
  ignoresIser?: boolean;
  /** The module's types cannot be seen. */
  hidesTypes?: boolean;
}

export function starWindWorld(addresses: readonly string[] = ["10.0.0.10", "10.0.0.11"]): StarWindWorld {
  return {
    user: "root",
    password: "open barley 34",
    service: "Running",
    devices: [],
    targets: [],
    interfaces: addresses.map((address) => ({ address, port: 3260 })),
    iser: "",
    ramDisk: [4711],
    next: 1,
  };
}

type Parameters = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

/** Undefined: no script of StarWind. Throws what PowerShell's error would say. */
export function starWindAnswer(world: StarWindWorld, script: string, given: Parameters): Answer | undefined {
  if (script === "process-ids") return { ids: given["Name"] === "StarRAMService" ? world.ramDisk : [] };
  if (script === "service-state") return { status: world.service };
  if (script === "service-set") {
    world.service = given["Status"] === "Running" ? "Running" : "Stopped";
    return { status: world.service };
  }
  if (!script.startsWith("starwind-")) return undefined;
  if (world.service !== "Running") throw new Error("A connection attempt to 127.0.0.1:3261 failed.");
  if (given["User"] !== world.user || given["Password"] !== world.password)
    throw new Error("StarWind does not let this user in");
  return answer(world, script, given);
}

function answer(world: StarWindWorld, script: string, given: Parameters): Answer | undefined {
  switch (script) {
    case "starwind-state":
      return {
        devices: world.devices.map((device) => ({ ...device, ...(world.tellsNoEui && { eui: "", serial: "" }) })),
        targets: world.targets,
        interfaces: world.interfaces,
        iser: world.iser,
      };
    case "starwind-ram":
      if (world.hidesTypes) throw new Error("this StarWindX module does not tell the types of devices");
      return device(world, "RAM disk", "", given);
    case "starwind-image": {
      const file = `${String(given["Folder"])}\\${String(given["Name"])}.img`;
      if (world.devices.some((each) => each.file === file)) throw new Error("File already exists.");
      return device(world, "Image file", file, given);
    }
    case "starwind-remove-device":
      return removeDevice(world, String(given["Name"]));
    case "starwind-target":
      return target(world, given);
    case "starwind-remove-target":
      return removeTarget(world, String(given["Target"]));
    case "starwind-iser":
      if (!world.ignoresIser) world.iser = String(given["Addresses"]);
      return { iser: world.iser };
    default:
      return undefined;
  }
}

function device(world: StarWindWorld, type: Device["type"], file: string, given: Parameters): Answer {
  const number = world.next++;
  const digits = number.toString(16).padStart(16, "0").toUpperCase();
  const made: Device = {
    name: `${type === "RAM disk" ? "ramdisk" : "imagefile"}${number}`,
    id: `0x${digits}`,
    type,
    file,
    bytes: String(Number(given["SizeMegabytes"]) * 2 ** 20),
    sector: String(given["SectorBytes"]),
    target: "empty",
    lun: "",
    eui: digits,
    serial: digits,
  };
  world.devices.push(made);
  return { name: made.name };
}

function removeDevice(world: StarWindWorld, name: string): Answer {
  const found = world.devices.find((each) => each.name === name);
  if (!found) throw new Error(`StarWind has 0 devices that are called ${name}`);
  if (found.target !== "empty") throw new Error("The device is in use by a target.");
  world.devices = world.devices.filter((each) => each !== found);
  return { done: true };
}

function target(world: StarWindWorld, given: Parameters): Answer {
  const [name, alias] = [String(given["Target"]), String(given["Alias"])];
  if (world.targets.some((each) => each.name === name)) throw new Error("Target with such name already exists.");
  const names = String(given["Devices"]).split(",");
  const devices = names.map((each) =>
    world.devices.find((device) => device.name === each && device.target === "empty"),
  );
  if (devices.some((each) => each === undefined)) throw new Error("Device not found or in use.");
  for (const [number, each] of devices.entries()) if (each) Object.assign(each, { target: name, lun: String(number) });
  world.targets.push({ name, alias });
  return { name };
}

function removeTarget(world: StarWindWorld, name: string): Answer {
  if (!world.targets.some((each) => each.name === name)) throw new Error("Target not found.");
  world.targets = world.targets.filter((each) => each.name !== name);
  for (const each of world.devices) if (each.target === name) Object.assign(each, { target: "empty", lun: "" });
  return { done: true };
}
