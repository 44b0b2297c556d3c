import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  RecordSchema,
  type CoreTime,
  type CpuSample,
  type DiskSample,
  type FioSample,
  type Io,
  type Latency,
  type Record,
} from "@salvo/proto/telemetry_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/**
 * Decodes a journal payload. Nearly all of a long run is samples, and those of fio, cores and disks are read by hand: the same messages,
 * more than twice as fast. A field not known here leaves the whole record to the general decoder. Throws `corrupt`.
 */
export function decodeRecord(payload: Uint8Array): Record {
  try {
    return readSampleRecord(new BinaryReader(payload)) ?? fromBinary(RecordSchema, payload);
  } catch (error) {
    throw new SalvoError("corrupt", `a record of ${payload.length} bytes cannot be decoded: ${String(error)}`, {
      cause: error,
    });
  }
}

// Case labels below are tags: the field's number in telemetry.proto * 8 + its wire type, 0 for varint, 2 for bytes.

function readSampleRecord(reader: BinaryReader): Record | undefined {
  let seq = 0;
  let atNs = 0n;
  let body: Record["body"] | undefined;
  while (reader.pos < reader.len) {
    switch (reader.uint32()) {
      case 1 * 8:
        seq = reader.uint32();
        break;
      case 2 * 8:
        atNs = BigInt(reader.int64());
        break;
      case 3 * 8 + 2: {
        const value = readFio(reader);
        if (!value || body) return undefined;
        body = { case: "fio", value };
        break;
      }
      case 4 * 8 + 2: {
        const value = readCpu(reader);
        if (!value || body) return undefined;
        body = { case: "cpu", value };
        break;
      }
      case 5 * 8 + 2: {
        const value = readDisk(reader);
        if (!value || body) return undefined;
        body = { case: "disk", value };
        break;
      }
      default:
        return undefined;
    }
  }
  return body && { $typeName: "salvo.v1.Record", seq, atNs, body };
}

function readFio(reader: BinaryReader): FioSample | undefined {
  const sample: FioSample = {
    $typeName: "salvo.v1.FioSample",
    participant: "",
    tick: 0,
    takenAtNs: 0n,
    runtimeMs: 0,
    stalled: false,
    countedAtNs: 0n,
  };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8 + 2:
        sample.participant = reader.string();
        break;
      case 2 * 8:
        sample.tick = reader.uint32();
        break;
      case 3 * 8:
        sample.takenAtNs = BigInt(reader.int64());
        break;
      case 4 * 8:
        sample.runtimeMs = reader.uint32();
        break;
      case 5 * 8:
        sample.stalled = reader.bool();
        break;
      case 6 * 8 + 2: {
        const read = readIo(reader);
        if (!read || sample.read) return undefined;
        sample.read = read;
        break;
      }
      case 7 * 8 + 2: {
        const write = readIo(reader);
        if (!write || sample.write) return undefined;
        sample.write = write;
        break;
      }
      case 8 * 8:
        sample.countedAtNs = BigInt(reader.int64());
        break;
      default:
        return undefined;
    }
  }
  return sample;
}

function readCpu(reader: BinaryReader): CpuSample | undefined {
  const sample: CpuSample = {
    $typeName: "salvo.v1.CpuSample",
    tick: 0,
    takenAtNs: 0n,
    cores: [],
    sinceNs: 0n,
    gap: false,
  };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8:
        sample.tick = reader.uint32();
        break;
      case 2 * 8:
        sample.takenAtNs = BigInt(reader.int64());
        break;
      case 3 * 8 + 2: {
        const core = readCore(reader);
        if (!core) return undefined;
        sample.cores.push(core);
        break;
      }
      case 4 * 8:
        sample.sinceNs = BigInt(reader.int64());
        break;
      case 5 * 8:
        sample.gap = reader.bool();
        break;
      default:
        return undefined;
    }
  }
  return sample;
}

function readCore(reader: BinaryReader): CoreTime | undefined {
  const core: CoreTime = {
    $typeName: "salvo.v1.CoreTime",
    userMs: 0,
    systemMs: 0,
    irqMs: 0,
    softirqMs: 0,
    stealMs: 0,
    idleMs: 0,
    iowaitMs: 0,
  };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8:
        core.userMs = reader.uint32();
        break;
      case 2 * 8:
        core.systemMs = reader.uint32();
        break;
      case 3 * 8:
        core.irqMs = reader.uint32();
        break;
      case 4 * 8:
        core.softirqMs = reader.uint32();
        break;
      case 5 * 8:
        core.stealMs = reader.uint32();
        break;
      case 6 * 8:
        core.idleMs = reader.uint32();
        break;
      case 7 * 8:
        core.iowaitMs = reader.uint32();
        break;
      default:
        return undefined;
    }
  }
  return core;
}

function readDisk(reader: BinaryReader): DiskSample | undefined {
  const sample: DiskSample = {
    $typeName: "salvo.v1.DiskSample",
    participant: "",
    tick: 0,
    takenAtNs: 0n,
    reads: 0,
    readBytes: 0n,
    writes: 0,
    writtenBytes: 0n,
    inFlight: 0,
    busyMs: 0,
    disk: "",
    readMs: 0n,
    writeMs: 0n,
    queueMs: 0n,
    sinceNs: 0n,
    gap: false,
    commands: 0,
  };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8 + 2:
        sample.participant = reader.string();
        break;
      case 2 * 8:
        sample.tick = reader.uint32();
        break;
      case 3 * 8:
        sample.takenAtNs = BigInt(reader.int64());
        break;
      case 4 * 8:
        sample.reads = reader.uint32();
        break;
      case 5 * 8:
        sample.readBytes = BigInt(reader.uint64());
        break;
      case 6 * 8:
        sample.writes = reader.uint32();
        break;
      case 7 * 8:
        sample.writtenBytes = BigInt(reader.uint64());
        break;
      case 8 * 8:
        sample.inFlight = reader.uint32();
        break;
      case 9 * 8:
        sample.busyMs = reader.uint32();
        break;
      case 10 * 8 + 2:
        sample.disk = reader.string();
        break;
      case 11 * 8:
        sample.readMs = BigInt(reader.uint64());
        break;
      case 12 * 8:
        sample.writeMs = BigInt(reader.uint64());
        break;
      case 13 * 8:
        sample.queueMs = BigInt(reader.uint64());
        break;
      case 14 * 8:
        sample.sinceNs = BigInt(reader.int64());
        break;
      case 15 * 8:
        sample.gap = reader.bool();
        break;
      case 16 * 8:
        sample.commands = reader.uint32();
        break;
      default:
        return undefined;
    }
  }
  return sample;
}

function readIo(reader: BinaryReader): Io | undefined {
  const io: Io = { $typeName: "salvo.v1.Io", ios: 0, bytes: 0n };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8:
        io.ios = reader.uint32();
        break;
      case 2 * 8:
        io.bytes = BigInt(reader.uint64());
        break;
      case 3 * 8 + 2: {
        const latency = readLatency(reader);
        if (!latency || io.latency) return undefined;
        io.latency = latency;
        break;
      }
      default:
        return undefined;
    }
  }
  return io;
}

function readLatency(reader: BinaryReader): Latency | undefined {
  const latency: Latency = { $typeName: "salvo.v1.Latency", bins: [], counts: [] };
  const end = endOfBytes(reader);
  while (reader.pos < end) {
    switch (reader.uint32()) {
      case 1 * 8 + 2:
        readPacked(reader, latency.bins);
        break;
      case 2 * 8 + 2:
        readPacked(reader, latency.counts);
        break;
      default:
        return undefined;
    }
  }
  return latency;
}

function readPacked(reader: BinaryReader, into: number[]): void {
  const end = endOfBytes(reader);
  while (reader.pos < end) into.push(reader.uint32());
}

function endOfBytes(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length; // Beyond the buffer when the record is cut short, and then the reader throws on the way.
}
