/** The namespace `hardware`. Source: captures of 8.0.3 (global, memory) and 9.0 (list). */
import type { Block } from "../format/output.ts";
import type { Command } from "./command.ts";

export const hardwareCommands: readonly Command[] = [
  {
    path: "hardware cpu global get",
    help: "List the global CPU information.",
    options: [],
    run: ({ state: { hardware } }) => ({
      kind: "structure",
      type: "CpuGlobal",
      fields: [
        ["CPU Packages", hardware.packages],
        ["CPU Cores", hardware.cores],
        ["CPU Threads", hardware.threads],
        ["Hyperthreading Active", true],
        ["Hyperthreading Supported", true],
        ["Hyperthreading Enabled", true],
        ["HV Support", 3],
      ],
    }),
  },
  {
    path: "hardware memory get",
    help: "Get information about memory.",
    options: [],
    run: ({ state: { hardware } }) => ({
      kind: "structure",
      type: "MemoryGet",
      fields: [
        ["Physical Memory", `${hardware.memoryBytes} Bytes`],
        ["Reliable Memory", "0 Bytes"],
        ["NUMA Node Count", hardware.numaNodes],
      ],
    }),
  },
  {
    path: "hardware cpu list",
    help: "List all of the CPUs on this host.",
    options: [],
    run: ({ state: { hardware } }) => ({
      kind: "blocks",
      type: "CPU",
      blocks: Array.from({ length: hardware.threads }, (_, id): Block => ({
        heading: `CPU:${id}`,
        fields: [
          ["Id", id],
          ["Package Id", Math.floor(id / (hardware.threads / hardware.packages))],
          ["Family", 6],
          ["Model", 45],
          ["Type", 0],
          ["Stepping", 7],
          ["Brand", "GenuineIntel"],
          ["Core Speed", 2_199_999_975],
          ["Bus Speed", 99_999_998],
          ["APIC ID", `0x${id.toString(16)}`],
          ["Node", Math.floor(id / (hardware.threads / hardware.numaNodes))],
          ["L2 Cache Size", 262_144],
          ["L2 Cache Associativity", 8],
          ["L2 Cache Line Size", 64],
          ["L2 Cache CPU Count", 2],
          ["L3 Cache Size", 20_971_520],
          ["L3 Cache Associativity", 20],
          ["L3 Cache Line Size", 64],
          ["L3 Cache CPU Count", hardware.threads / hardware.packages],
        ],
      })),
    }),
  },
];
