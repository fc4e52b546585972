import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { afterEach, describe, it } from "node:test";
import type { SipMessage } from "../../../src/sip/message/message.ts";
import type { Flow } from "../../../src/sip/transport/flow.ts";
import { localAddressFor, plainHost, rememberLocal } from "../../../src/sip/transport/local.ts";
import { UdpTransport } from "../../../src/sip/transport/udp.ts";

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

async function listening(address = "127.0.0.1", advertise?: string) {
  const messages: { message: SipMessage; flow: Flow }[] = [];
  const faults: string[] = [];
  let wake = () => {};
  const transport = await UdpTransport.listen(
    { transport: "udp", address, port: 0, ...(advertise !== undefined && { advertise }) },
    {
      message: (message, flow) => {
        messages.push({ message, flow });
        wake();
      },
      malformed: (fault) => {
        faults.push(fault);
        wake();
      },
    },
    (remote) => localAddressFor(remote),
  );
  open.push(() => transport.close());
  return { transport, messages, faults, next: () => new Promise<void>((resolve) => (wake = resolve)) };
}

async function peer(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  open.push(() => void socket.close());
  return { socket, port: socket.address().port };
}

const options = Buffer.from(
  "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=a\r\n" +
    "To: <sip:a@b>\r\nCall-ID: one\r\nCSeq: 1 OPTIONS\r\n\r\n",
);

describe("SIP over UDP, RFC 3261 §18", () => {
  it("brings messages with the way back to their sender", async () => {
    const { transport, messages, next } = await listening();
    const { socket, port } = await peer();
    const came = next();
    socket.send(options, transport.address.port, "127.0.0.1");
    await came;
    const flow = messages[0]?.flow;
    assert.deepEqual([flow?.remote, flow?.reliable], [{ host: "127.0.0.1", port }, false]);
    assert.deepEqual(flow?.sentBy, { host: "127.0.0.1", port: transport.address.port });
    flow.send(Buffer.from("hello"));
    const [data, from] = (await once(socket, "message")) as [Buffer, RemoteInfo];
    assert.deepEqual([data.toString(), from.port], ["hello", transport.address.port]);
  });

  it("ignores keep-alives and tells of what is no SIP", async () => {
    const { transport, faults, messages, next } = await listening();
    const { socket } = await peer();
    const came = next();
    for (const text of ["\r\n\r\n", "\0\0\0\0", "", "\r\n", "nonsense\r\n\r\n"])
      socket.send(text, transport.address.port, "127.0.0.1");
    await came;
    assert.deepEqual([faults, messages.length], [["the first line is not SIP"], 0]);
  });

  it("takes the address that is to be advertised for what it writes", async () => {
    const { transport } = await listening("127.0.0.1", "203.0.113.5");
    assert.equal(transport.to({ host: "127.0.0.1", port: 9 }).sentBy.host, "203.0.113.5");
  });

  it("names an address of this machine that the peer can reach where it listens on all", async () => {
    const { transport } = await listening("0.0.0.0");
    assert.equal(transport.to({ host: "127.0.0.1", port: 9 }).sentBy.host, "127.0.0.1");
  });

  it("fails later, not at once, where nothing can be sent, so that there is time to listen", async () => {
    const { transport } = await listening();
    for (const remote of [
      { host: "127.0.0.1", port: 0 },
      { host: "::1", port: 5060 },
      { host: "not an address", port: 5060 },
    ]) {
      let soon = true;
      const failed = new Promise<[string, boolean]>((resolve) =>
        transport.to(remote).send(Buffer.from("x"), ({ code }) => resolve([code, soon])),
      );
      await Promise.resolve();
      await Promise.resolve();
      soon = false;
      assert.deepEqual(await failed, ["unreachable", false]);
    }
  });

  it("still sends what was handed over just before it is closed", async () => {
    const { transport } = await listening();
    const { socket, port } = await peer();
    const came = once(socket, "message");
    transport.to({ host: "127.0.0.1", port }).send(Buffer.from("BYE"));
    await transport.close();
    assert.equal(String((await came)[0]), "BYE");
    const code = await new Promise((resolve) =>
      transport.to({ host: "127.0.0.1", port }).send(Buffer.from("x"), (error) => resolve(error.code)),
    );
    assert.equal(code, "unreachable");
  });

  it("says which port is taken, which address is not ours, and what to do", async () => {
    const { transport } = await listening();
    const nobody = { message: () => {}, malformed: () => {} };
    const listen = (address: string, port: number) =>
      UdpTransport.listen({ transport: "udp", address, port }, nobody, () => "127.0.0.1");
    await assert.rejects(listen("127.0.0.1", transport.address.port), { code: "port-busy", message: /UDP port \d+/ });
    await assert.rejects(listen("192.0.2.1", 0), { code: "no-such-address", advice: "again" });
    await assert.rejects(listen("not-a-host", 0), { code: "no-such-address" });
  });

  it("speaks IPv4 and IPv6 on one socket", { skip: !hasIPv6() && "this machine has no IPv6" }, async () => {
    const { transport, messages, next } = await listening("::");
    const { socket, port } = await peer();
    const came = next();
    socket.send(options, transport.address.port, "127.0.0.1");
    await came;
    assert.deepEqual(messages[0]?.flow.remote, { host: "127.0.0.1", port });
    const answer = once(socket, "message");
    messages[0].flow.send(Buffer.from("hi"));
    await answer;
  });
});

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === "IPv6"));
}

describe("which of our addresses a peer sees", () => {
  const own = (address: string, cidr: string, internal = false) =>
    ({ address, cidr, internal, netmask: "", mac: "", ...family(address) }) as const;
  const family = (address: string) =>
    address.includes(":") ? ({ family: "IPv6", scopeid: 0 } as const) : ({ family: "IPv4" } as const);
  const interfaces = () => ({
    lo: [own("127.0.0.1", "127.0.0.1/8", true), own("::1", "::1/128", true)],
    eth0: [own("192.168.1.2", "192.168.1.2/24"), own("2001:db8::2", "2001:db8::2/64"), own("fe80::1", "fe80::1/64")],
    eth1: [own("10.0.0.2", "10.0.0.2/8")],
  });

  it("is the one in the peer's network, else the first that is not loopback", () => {
    assert.equal(localAddressFor("10.9.9.9", interfaces), "10.0.0.2");
    assert.equal(localAddressFor("127.0.0.1", interfaces), "127.0.0.1");
    assert.equal(localAddressFor("8.8.8.8", interfaces), "192.168.1.2");
    assert.equal(localAddressFor("2001:db8::1", interfaces), "2001:db8::2");
  });

  it("is found for link-local peers, whose addresses carry a zone", () => {
    assert.equal(localAddressFor("fe80::9%eth0", interfaces), "fe80::1");
  });

  it("is something even for what is no address, and where there is no interface", () => {
    assert.equal(localAddressFor("nonsense", interfaces), "192.168.1.2");
    assert.equal(
      localAddressFor("1.2.3.4", () => ({})),
      "127.0.0.1",
    );
  });

  it("is remembered for a while, not for ever, and not for everybody", () => {
    let now = 0;
    const remembered = rememberLocal(() => now, 1000);
    assert.equal(remembered("127.0.0.1"), "127.0.0.1");
    now = 2000;
    assert.equal(remembered("127.0.0.1"), "127.0.0.1");
  });

  it("shows IPv4 in IPv6 form as IPv4", () => {
    assert.deepEqual([plainHost("::ffff:10.0.0.1"), plainHost("::ffff:a00:1")], ["10.0.0.1", "::ffff:a00:1"]);
  });
});
