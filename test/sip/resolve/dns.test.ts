// Node's resolver against a DNS server on loopback that knows a few names (RFC 1035 §4.1).
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { systemDns, type Dns } from "../../../src/sip/resolve/dns.ts";

const types: Readonly<Record<number, string>> = { 1: "A", 28: "AAAA", 33: "SRV", 35: "NAPTR" };
const u16 = (...numbers: number[]): Buffer => Buffer.from(numbers.flatMap((n) => [n >> 8, n & 255]));
const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const domain = (name: string): Buffer =>
  Buffer.concat([...name.split(".").filter(Boolean).map(text), Buffer.from([0])]);

const zone: Readonly<Record<string, readonly Buffer[]>> = {
  "A pbx.example.com": [Buffer.from([192, 0, 2, 1]), Buffer.from([192, 0, 2, 2])],
  "AAAA pbx.example.com": [Buffer.from("20010db8000000000000000000000001", "hex")],
  "SRV _sip._udp.example.com": [Buffer.concat([u16(10, 60, 5080), domain("pbx.example.com")])],
  "SRV _sip._tcp.example.com": [Buffer.concat([u16(0, 0, 0), domain("")])],
  "NAPTR example.com": [
    Buffer.concat([u16(50, 10), text("s"), text("SIP+D2U"), text(""), domain("_sip._udp.example.com")]),
  ],
};

/** The answer to a question: what the zone holds, or that there is no such name. */
function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("ascii", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = question.readUInt16BE(at + 1);
  const records = zone[`${types[type] ?? type} ${labels.join(".").toLowerCase()}`] ?? [];
  const head = Buffer.concat([
    question.subarray(0, 2),
    u16(records.length > 0 ? 0x8180 : 0x8183, 1, records.length, 0, 0),
  ]);
  const answers = records.map((data) => Buffer.concat([u16(0xc00c, type, 1, 0, 77, data.length), data]));
  return Buffer.concat([head, question.subarray(12, at + 5), ...answers]);
}

describe("A7 names, asked of a DNS server", () => {
  let server: Socket;
  let dns: Dns;
  let asked = 0;

  before(async () => {
    server = createSocket("udp4").bind(0, "127.0.0.1");
    await once(server, "listening");
    server.on("message", (question, { port, address }) => {
      asked++;
      server.send(answerTo(question), port, address);
    });
    dns = systemDns([`127.0.0.1:${server.address().port}`]);
  });

  after(() => server.close());

  it("gives addresses of both families with their TTL", async () => {
    assert.deepEqual(await dns.a("pbx.example.com"), { records: ["192.0.2.1", "192.0.2.2"], ttl: 77 });
    assert.deepEqual(await dns.aaaa("pbx.example.com"), { records: ["2001:db8::1"], ttl: 77 });
  });

  it("gives SRV and NAPTR with a TTL of five minutes, since Node tells none", async () => {
    const {
      records: [srv],
      ttl,
    } = await dns.srv("_sip._udp.example.com");
    assert.deepEqual([srv?.name, srv?.port, srv?.priority, srv?.weight, ttl], ["pbx.example.com", 5080, 10, 60, 300]);
    const {
      records: [naptr],
    } = await dns.naptr("example.com");
    assert.deepEqual([naptr?.flags, naptr?.service, naptr?.replacement], ["s", "SIP+D2U", "_sip._udp.example.com"]);
    assert.deepEqual([naptr?.order, naptr?.preference], [50, 10]);
    assert.deepEqual(
      (await dns.srv("_sip._tcp.example.com")).records.map(({ name }) => name),
      [""],
    );
  });

  it("answers that there is none where there is none", async () => {
    assert.deepEqual((await dns.srv("_sips._tcp.example.com")).records, []);
    assert.deepEqual((await dns.naptr("nowhere.invalid")).records, []);
    assert.deepEqual((await dns.a("nowhere.invalid")).records, []);
  });

  it("finds what only this machine knows, and asks no DNS server for it", async () => {
    const before = asked;
    assert.deepEqual((await dns.a("localhost")).records, ["127.0.0.1"]);
    assert.deepEqual([(await dns.srv("_sip._udp.bell.local")).records, (await dns.naptr("bell")).records], [[], []]);
    assert.equal(asked, before);
  });

  it("rejects where the server cannot be asked", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    await once(socket, "close");
    await assert.rejects(systemDns([`127.0.0.1:${port}`]).srv("_sip._udp.example.com"));
  });
});
