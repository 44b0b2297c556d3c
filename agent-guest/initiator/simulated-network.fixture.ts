/** The targets that a host can reach. */

export interface RemoteTarget {
  readonly name: string;
  /** 10.0.0.1:3260, [fd00::1]:3260 */
  readonly portals: readonly string[];
  /** Of iSCSI tcp and iser, of NVMe tcp and rdma. */
  readonly transports: readonly string[];
  readonly luns: RemoteLun[];
  /** Of NVMe, for all its LUNs together. */
  readonly serial?: string;
  readonly chap?: { readonly user: string; readonly password: string };
  readonly sessionsMax?: number;
}

export interface RemoteLun {
  readonly number: number;
  readonly wwn: string;
  readonly serial: string;
  readonly sizeBytes: bigint;
}

export type Network = ReturnType<typeof simulateNetwork>;

export function simulateNetwork(targets: readonly RemoteTarget[]) {
  const waiting: (() => void)[] = [];
  return {
    /** A test may have others in their place at any time. */
    targets,
    /** How often the host's disks are looked at before those of a session are there. */
    looksUntilDisks: 0,
    find(name: string): RemoteTarget | undefined {
      return this.targets.find((each) => each.name === name);
    },
    reached(portal: string, transport: string): RemoteTarget[] {
      return this.targets.filter((each) => each.portals.includes(portal) && each.transports.includes(transport));
    },
    /** When the disks of a session are found. */
    later(find: () => void): void {
      if (this.looksUntilDisks > 0) waiting.push(find);
      else find();
    },
    look(): void {
      if (this.looksUntilDisks > 0 && --this.looksUntilDisks === 0) for (const find of waiting.splice(0)) find();
    },
  };
}
