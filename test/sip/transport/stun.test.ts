// STUN on SIP sockets: RFC 5626 §3.5.2, RFC 5389. Its own example values come from RFC 5769.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { describe, it, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import type { Address } from "../../../src/sip/transport/flow.ts";
import { isStun } from "../../../src/stun.ts";
import { answerTo, readAnswer, stunRequest } from "../../../src/sip/transport/stun.ts";
import { UdpTransport } from "../../../src/sip/transport/udp.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const id = "b7e7a701bc34d686fa87dfae";
const request = (attributes = "", length = hex(attributes).length, type = "0001") =>
  hex(`${type} ${length.toString(16).padStart(4, "0")} 2112a442 ${id} ${attributes}`);

/** With the FINGERPRINT of RFC 5389 §15.5 behind it. */
function signed(attributes: string): Buffer {
  const data = request(attributes, hex(attributes).length + 8);
  const value = (crc32(data) ^ 0x5354554e) >>> 0;
  return Buffer.concat([data, hex(`8028 0004 ${value.toString(16).padStart(8, "0")}`)]);
}

const software = "8022 0004 74657374";

describe("a Binding request, RFC 5389", () => {
  it("is answered with where it came from, as in RFC 5769 §2.2", () => {
    const answer = answerTo(request(), { host: "192.0.2.1", port: 32853 });
    assert.equal(answer?.toString("hex"), hex(`0101 000c 2112a442 ${id} 0020 0008 0001a147 e112a643`).toString("hex"));
  });

  it("is answered over IPv6, as in RFC 5769 §2.3", () => {
    const answer = answerTo(request(), { host: "2001:db8:1234:5678:11:2233:4455:6677", port: 32853 });
    const mapped = "0020 0014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9";
    assert.equal(answer?.toString("hex"), hex(`0101 0018 2112a442 ${id} ${mapped}`).toString("hex"));
  });

  it("may carry what need not be understood, and a right FINGERPRINT", () => {
    assert.ok(answerTo(request(software), { host: "10.0.0.1", port: 1 }));
    assert.ok(answerTo(signed(software), { host: "10.0.0.1", port: 1 }));
  });

  it("is refused with 420 for what has to be understood and is not (§7.3.1)", () => {
    const answer = answerTo(request("0006 0004 61626364 0024 0004 00000001"), { host: "10.0.0.1", port: 1 });
    const attributes = "0009 0004 00000414 000a 0004 00060024";
    assert.equal(answer?.toString("hex"), hex(`0111 0010 2112a442 ${id} ${attributes}`).toString("hex"));
  });

  for (const [what, data] of [
    ["a length that is not the datagram's", request("", 4)],
    ["a length that is no multiple of four", request("8022 0001 61", 5)],
    ["an attribute that is longer than the rest", request("8022 0040 74657374")],
    ["a wrong FINGERPRINT", Buffer.concat([signed(software).subarray(0, -1), Buffer.from([0])])],
    ["a FINGERPRINT that is not the last", request("8028 0004 00000000 8022 0004 74657374")],
    ["another method", request("", 0, "0003")],
    ["an indication", request("", 0, "0011")],
    ["an answer", request("", 0, "0101")],
  ] as const)
    it(`is not one, and gets no answer, with ${what}`, () => {
      assert.equal(answerTo(data, { host: "10.0.0.1", port: 1 }), undefined);
    });

  it("is told from SIP by its first bits and its cookie (§8)", () => {
    assert.equal(isStun(request()), true);
    assert.equal(isStun(request().subarray(0, 19)), false);
    assert.equal(isStun(Buffer.from("OPTIONS sip:a@b SIP/2.0\r\n\r\n")), false);
    assert.equal(isStun(hex(`0001 0000 00000000 ${id}`)), false);
  });

  it("of ours is answered so that we read where we are seen", () => {
    for (const seenAt of [
      { host: "203.0.113.9", port: 5060 },
      { host: "2001:db8::9", port: 65535 },
    ]) {
      const { id, data } = stunRequest();
      assert.deepEqual(readAnswer(answerTo(data, seenAt) ?? data), { id, seenAt });
    }
    assert.equal(readAnswer(stunRequest().data), undefined);
  });
});

async function socketOf(t: TestContext, knows: (remote: Address) => boolean, host = "127.0.0.1") {
  const messages: unknown[] = [];
  const inbound = {
    knows,
    message: (message: unknown) => void messages.push(message),
    malformed: (fault: string) => void messages.push(fault),
  };
  const transport = await UdpTransport.listen({ transport: "udp", address: host, port: 0 }, inbound, () => host);
  t.after(() => transport.close());
  const device = createSocket(host.includes(":") ? "udp6" : "udp4");
  t.after(() => device.close());
  device.bind(0, host);
  await once(device, "listening");
  const ask = async (data: Buffer) => {
    device.send(data, transport.address.port, host);
    const [answer] = (await once(device, "message")) as [Buffer];
    return answer;
  };
  return { transport, device, ask, messages };
}

describe("a SIP socket", () => {
  for (const host of ["127.0.0.1", "::1"])
    it(`answers the keep-alive of a device that it knows, at ${host}`, async (t) => {
      const { ask, device, messages } = await socketOf(t, () => true, host);
      const { port } = device.address();
      assert.deepEqual(readAnswer(await ask(request())), { id, seenAt: { host, port } });
      assert.deepEqual(messages, [], "and nobody else hears of it");
    });

  it("gives a stranger no answer larger than the request: another may have written our victim's address on it", async (t) => {
    const { ask, device, transport } = await socketOf(t, () => false);
    const { port } = device.address();
    device.send(request(), transport.address.port, "127.0.0.1");
    // The small one stays without an answer; the larger one after it is the first that gets one.
    const padded = request("8022 000c 746573747465737474657374");
    const first = await ask(padded);
    assert.ok(first.length <= padded.length);
    assert.deepEqual(readAnswer(first)?.seenAt, { host: "127.0.0.1", port });
  });

  it("asks a peer itself, and takes the answer from nobody else", async (t) => {
    const { transport, device } = await socketOf(t, () => true);
    const seen: (Address | undefined)[] = [];
    const { port } = device.address();
    const asked = once(device, "message") as Promise<[Buffer]>;
    transport.to({ host: "127.0.0.1", port }).ping((at) => seen.push(at));
    const [question] = await asked;
    const answer = answerTo(question, { host: "203.0.113.9", port: 4 });
    assert.ok(answer);
    const other = createSocket("udp4");
    t.after(() => other.close());
    other.send(answer, transport.address.port, "127.0.0.1");
    // Behind it in the same queue: once this is answered, the forged one has been read.
    const marker = once(other, "message");
    other.send(request(), transport.address.port, "127.0.0.1");
    await marker;
    assert.deepEqual(seen, []);
    device.send(answer, transport.address.port, "127.0.0.1");
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, [{ host: "203.0.113.9", port: 4 }]);
  });
});
