// The capture file as the real tshark reads it, checksums included.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pcapOf } from "../../../src/sip/trace/pcap.ts";
import type { Traced } from "../../../src/sip/trace/trace.ts";
import { thePeer, without } from "../../support/peers.ts";
import { run } from "../../support/processes.ts";
import { house } from "../house.ts";

/** What tshark shows of a capture: one line a packet, the fields between bars. */
async function tshark(capture: Buffer, fields: readonly string[], filter = ""): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "portero-pcap-"));
  try {
    const file = join(folder, "trace.pcap");
    await writeFile(file, capture);
    const checks = ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"].flatMap((o) => [
      "-o",
      `${o}:TRUE`,
    ]);
    const shown = fields.flatMap((field) => ["-e", field]);
    const args = ["-r", file, ...checks, "-Y", filter, "-T", "fields", "-E", "separator=|", ...shown];
    const { code, output } = await run(thePeer("tshark"), args);
    assert.equal(code, 0, output);
    return output.split("\n").filter((line) => line !== "" && !line.startsWith("Running as user"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const options = (callId: string): Buffer =>
  Buffer.from(
    "OPTIONS sip:8000:verysecret@portero SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n" +
      `To: <sip:b@b>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
  );

let seq = 0;
const traced = (wish: Partial<Traced> & { callId?: string }): Traced => {
  const data = options(wish.callId ?? "c1");
  return {
    ...{ seq: ++seq, at: Date.parse("2026-01-01T12:00:00.250Z"), direction: "in", transport: "UDP" },
    ...{ local: { host: "10.0.0.1", port: 5060 }, remote: { host: "10.0.0.9", port: 61000 } },
    ...{ data, length: data.length },
    ...wish,
  };
};

describe("X10 the trace as a capture", { skip: without("tshark") }, () => {
  it("of a registration is dissected as SIP, with times, addresses and right checksums", async () => {
    const { endpoint, party } = await house();
    await party({ user: "8000", port: 61000 }).register("pw8000");
    await party({ user: "6001", transport: "TCP" }).register("pw6001");
    const fields = ["ip.src", "udp.srcport", "tcp.srcport", "ip.dst", "sip.Method", "sip.Status-Code"];
    const capture = pcapOf(endpoint.trace.entries());
    const lines = await tshark(capture, fields, "sip && ip.checksum.status == 1");
    assert.deepEqual(lines.slice(0, 4), [
      "10.0.0.10|61000||10.0.0.1|REGISTER|",
      "10.0.0.1|5060||10.0.0.10||401",
      "10.0.0.10|61000||10.0.0.1|REGISTER|",
      "10.0.0.1|5060||10.0.0.10||200",
    ]);
    assert.deepEqual(
      lines.slice(4).map((line) => line.split("|").slice(-2).join("")),
      ["REGISTER", "401", "REGISTER", "200"],
    );
    const wrong = "tcp.checksum.status == 0 || udp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed";
    assert.deepEqual(await tshark(capture, ["frame.number"], wrong), []);
    const right = "tcp.checksum.status == 1 || udp.checksum.status == 1";
    assert.equal((await tshark(capture, ["frame.number"], right)).length, 8);
    assert.deepEqual(await tshark(capture, ["frame.number"], "tcp.analysis.flags"), []);
  });

  it("shows what ran in TLS and in a WebSocket as SIP on its port, and IPv6", async () => {
    const six = { local: { host: "2001:db8::5", port: 5061 }, remote: { host: "fe80::1%eth0", port: 40001 } };
    const capture = pcapOf([
      traced({ transport: "TLS", ...six, callId: "six" }),
      traced({ transport: "TLS", ...six, direction: "out", callId: "back" }),
      traced({ transport: "WSS", local: { host: "10.0.0.1", port: 1880 }, callId: "web" }),
      traced({ transport: "UDP", ...six, callId: "datagram" }),
    ]);
    const fields = ["ipv6.src", "ipv6.dst", "ip.dst", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "sip.Call-ID"];
    const size = options("six").length;
    assert.deepEqual(await tshark(capture, fields, "sip && (tcp.checksum.status == 1 || udp.checksum.status == 1)"), [
      "fe80::1|2001:db8::5||5061|1|1|six",
      `2001:db8::5|fe80::1||40001|1|${1 + size}|back`,
      "||10.0.0.1|1880|1|1|web",
      "fe80::1|2001:db8::5|||||datagram",
    ]);
  });

  it("keeps the sequence numbers of each connection apart", async () => {
    const one = { transport: "TCP", remote: { host: "10.0.0.8", port: 40001 } } as const;
    const two = { transport: "TCP", remote: { host: "10.0.0.8", port: 40002 } } as const;
    const size = options("c1").length;
    const lines = await tshark(pcapOf([traced(one), traced(two), traced(one), traced({ ...one, direction: "out" })]), [
      "tcp.srcport",
      "tcp.seq_raw",
      "tcp.ack_raw",
    ]);
    assert.deepEqual(lines, ["40001|1|1", "40002|1|1", `40001|${1 + size}|1`, `5060|1|${1 + 2 * size}`]);
  });

  it("P7 holds no secret, also where our address is told by a name", async () => {
    const capture = pcapOf([traced({ local: { host: "doors.example.org", port: 5060 } })]);
    assert.ok(!capture.includes("verysecret"));
    assert.deepEqual(await tshark(capture, ["ip.dst", "sip.r-uri"]), ["192.0.2.1|sip:8000:**********@portero"]);
  });

  it("of nothing is a capture without packets", async () => {
    assert.deepEqual(await tshark(pcapOf([]), ["frame.number"]), []);
  });
});
