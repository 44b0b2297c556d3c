import { expect, test } from "vitest";
import type { Host } from "../provision/host.ts";
import { parseBandwidth, parseListeners } from "./channel.ts";
import { linksWith } from "./links.ts";
import { parsePing, pingWhole } from "./ping.ts";

/** As iputils-ping 20221126 printed them in a virtual lab. */
const CAME_BACK = `PING 10.214.98.10 (10.214.98.10) 8972(9000) bytes of data.
8980 bytes from 10.214.98.10: icmp_seq=1 ttl=64 time=3.77 ms
8980 bytes from 10.214.98.10: icmp_seq=2 ttl=64 time=1.55 ms

--- 10.214.98.10 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 201ms
rtt min/avg/max/mdev = 1.549/2.657/3.765/1.108 ms
`;
const TOO_LARGE = `PING 10.214.98.10 (10.214.98.10) 8972(9000) bytes of data.
ping: local error: message too long, mtu=1500

--- 10.214.98.10 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms
`;

const printed = (stdout: string, exitCode = 0, stderr = "") => ({ stdout, stderr, exitCode });

test("a ping that counts nothing has not said that nothing came back", () => {
  expect(parsePing(printed("", 2, "ping: socket: Operation not permitted\n"), 3)).toEqual({
    sent: 0,
    received: 0,
    rttMinMs: 0,
    problem: "ping exited with 2: ping: socket: Operation not permitted",
  });
  expect(parsePing(printed(""), 3)).toMatchObject({ sent: 0, problem: "ping exited with 0: no message" });
});

test("what ping says is read, and why packets do not get through", () => {
  expect(parsePing(printed(CAME_BACK), 2)).toEqual({ sent: 2, received: 2, rttMinMs: 1.549, problem: "" });
  expect(parsePing(printed(TOO_LARGE, 1), 1)).toEqual({
    sent: 1,
    received: 0,
    rttMinMs: 0,
    problem: "ping: local error: message too long, mtu=1500",
  });
  expect(parsePing(printed("3 packets transmitted, 1 received, 66% packet loss"), 3)).toMatchObject({
    received: 1,
    problem: "1 of 3 came back",
  });
});

test("the loopback takes packets of its own MTU whole", async () => {
  expect(await pingWhole("127.0.0.1", 65_535, 1, {})).toMatchObject({ received: 1, problem: "" });
});

test("of ib_write_bw's table the average is read", () => {
  const table = ` #bytes     #iterations    BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]
 65536      613              0.00               19.15  		   0.000306
---------------------------------------------------------------------------------------
`;
  expect(parseBandwidth(table)).toBe(19.15);
  expect(parseBandwidth("Couldn't connect to 10.0.0.1:20000\n")).toBeUndefined();
});

test("who listens is known by its process", () => {
  const resources = `[{"ifindex":0,"ifname":"rxe0","state":"LISTEN","ps":"RDMA-CM","qp-type":"RC","src-addr":"0.0.0.0","src-port":20345,"pid":712,"comm":"rping"},
    {"ifindex":0,"ifname":"rxe0","state":"CONNECT","pid":713,"comm":"iscsid"},{"state":"LISTEN","comm":"[ib_isert]"}]`;
  expect(parseListeners(resources)).toEqual([712]);
  expect(parseListeners("\n")).toEqual([]);
});

test("a link is found by its address, with the RDMA device that is on it", () => {
  const files: Readonly<Record<string, string>> = {
    "/sys/class/net/eth1/mtu": "9000",
    "/sys/class/net/eth1/operstate": "up",
    "/sys/class/net/eth1/speed": "-1",
    "/sys/class/infiniband/rxe0/ports/1/state": "4: ACTIVE",
    "/sys/class/infiniband/rxe0/ports/1/phys_state": "5: LinkUp",
    "/sys/class/infiniband/rxe0/ports/1/rate": "2.5 Gb/sec (1X SDR)",
    "/sys/class/infiniband/rxe0/ports/1/link_layer": "Ethernet",
    "/sys/class/infiniband/rxe0/ports/1/gid_attrs/ndevs/0": "eth1",
  };
  const host: Host = {
    list: (folder) => ({ "/sys/class/infiniband": ["rxe0"], "/sys/class/infiniband/rxe0/ports": ["1"] })[folder],
    read: (file) => files[file],
    readLink: () => undefined,
    size: () => undefined,
    blockSize: () => 4096,
  };
  const own = { netmask: "255.255.255.0", family: "IPv4", mac: "52:54:00:00:00:01", internal: false } as const;
  const interfaces = {
    eth0: [{ ...own, address: "10.213.98.10", cidr: null }],
    eth1: [{ ...own, address: "10.214.98.10", cidr: null }],
  };
  expect(linksWith(["10.214.98.10", "192.0.2.1"], interfaces, host)).toEqual([
    {
      address: "10.214.98.10",
      name: "eth1",
      mtu: 9000,
      state: "up",
      speedMbps: 0,
      rdma: [
        {
          name: "rxe0",
          port: 1,
          state: "ACTIVE",
          physicalState: "LinkUp",
          rate: "2.5 Gb/sec (1X SDR)",
          linkLayer: "ethernet",
        },
      ],
    },
  ]);
});
