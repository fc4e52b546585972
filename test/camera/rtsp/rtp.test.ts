import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Reception } from "../../../src/camera/rtsp/reports.ts";
import { Order, parseRtp, type Ordered } from "../../../src/camera/rtsp/rtp.ts";
import { rtpPacket } from "./packets.ts";

interface Sent {
  readonly sequence: number;
  readonly time?: number;
  readonly at?: number;
  readonly ssrc?: number;
}

function put(window: { most: number; mostMs: number }, sent: readonly Sent[]): { out: Ordered[]; waiting: number } {
  const out: Ordered[] = [];
  const order = new Order(window.most, window.mostMs, (packet) => out.push(packet));
  for (const { sequence, time = 0, at = 0, ssrc = 7 } of sent) {
    const bytes = rtpPacket(sequence, { bytes: Buffer.from("x"), marker: false, time }, 96, ssrc);
    const packet = parseRtp(bytes, at);
    assert.ok(packet);
    order.push(packet);
  }
  return { out, waiting: order.waiting };
}

const udp = { most: 64, mostMs: 100 };
const tcp = { most: 0, mostMs: 0 };
const numbers = (...list: number[]): Sent[] => list.map((sequence) => ({ sequence }));
const seen = ({ out }: { out: Ordered[] }) => out.map(({ sequence, lost }) => (lost ? `!${sequence}` : `${sequence}`));

describe("RTP packets, RFC 3550 §5.1", () => {
  it("are read with CSRC, extension and padding taken off; what is cut short is none", () => {
    const plain = rtpPacket(1, { bytes: Buffer.from("payload"), marker: true, time: 5 });
    const dressed = Buffer.concat([
      Buffer.from([0x80 | 0x20 | 0x10 | 1]),
      plain.subarray(1, 12),
      Buffer.from([0, 0, 0, 9, 0xff, 0xd8, 0, 1, 1, 2, 3, 4]),
      Buffer.from("payload\0\0\x03", "latin1"),
    ]);
    const read = parseRtp(dressed, 0);
    assert.deepEqual(
      [String(read?.payload), read?.marker, read?.timestamp, read?.extension],
      ["payload", true, 5, { profile: 0xffd8, data: Buffer.from([1, 2, 3, 4]) }],
    );
    for (const wrong of [plain.subarray(0, 11), Buffer.alloc(40), dressed.subarray(0, 18), dressed.subarray(0, 22)])
      assert.equal(parseRtp(wrong, 0), undefined);
  });

  it("come out in order, over the end of the numbers too, each once", () => {
    assert.deepEqual(seen(put(udp, numbers(65_534, 0, 65_535, 65_535, 2, 1, 1, 3))), [
      "65534",
      "65535",
      "0",
      "1",
      "2",
      "3",
    ]);
  });

  it("wait for one before them only so long, then tell of the hole; over TCP not at all", () => {
    assert.deepEqual(seen(put(udp, numbers(1, 3))), ["1"]);
    const late = [{ sequence: 1 }, { sequence: 3, at: 10 }, { sequence: 4, at: 50 }, { sequence: 5, at: 111 }];
    assert.deepEqual(seen(put(udp, late)), ["1", "!3", "4", "5"]);
    assert.deepEqual(seen(put(tcp, numbers(1, 3, 2, 4))), ["1", "!3", "4"]);
  });

  it("never hold more than the window, whatever is missing", () => {
    const sent = numbers(1, ...Array.from({ length: 500 }, (_, index) => 3 + 2 * index));
    assert.ok(put(udp, sent).waiting <= udp.most);
  });

  it("go on where the camera begins anew with other numbers, as a hole", () => {
    const again = [
      { sequence: 10, time: 9000 },
      { sequence: 40_000, time: 50, at: 100, ssrc: 8 },
    ];
    const { out } = put(udp, again);
    assert.deepEqual(seen({ out }), ["10", "!40000"]);
    assert.equal((out[1]?.time ?? 0) - (out[0]?.time ?? 0), 9000, "100 ms later");
    assert.deepEqual(seen(put(udp, numbers(10, 20_000, 20_001))), ["10", "!20000", "20001"]);
  });

  it("have timestamps without the wrap of 32 bits, back and forth", () => {
    const times = [2 ** 32 - 3600, 0, 3600, 1800];
    const { out } = put(
      tcp,
      times.map((time, index) => ({ sequence: index, time })),
    );
    const first = out[0]?.time ?? 0;
    assert.deepEqual(
      out.map(({ time }) => time - first),
      [0, 3600, 7200, 5400],
    );
  });
});

describe("reports to the camera, RFC 3550 §6.4.2", () => {
  const reception = new Reception(0x01020304);
  const heard = (sequence: number, at: number) => {
    const packet = parseRtp(
      rtpPacket(sequence, { bytes: Buffer.alloc(9), marker: false, time: at * 90 }, 96, 0xabcdef01),
      at,
    );
    assert.ok(packet);
    reception.packet(packet);
  };

  it("say nothing of a source before there is one, but who we are", () => {
    const report = reception.report(0);
    assert.equal(report.toString("hex"), "80c9000101020304" + "81ca000401020304" + "0107706f727465726f000000");
  });

  it("tell loss, the highest number over its wrap, and the camera's clock as we heard it", () => {
    for (const sequence of [65_534, 65_535, 1, 2]) heard(sequence, 1000);
    const sender = Buffer.alloc(28);
    sender.writeUInt32BE(0x80c80006, 0);
    sender.writeUInt32BE(0xabcdef01, 4);
    sender.writeUInt32BE(0x11112222, 8);
    sender.writeUInt32BE(0x33334444, 12);
    assert.equal(reception.read(sender, 2000), false);
    const report = reception.report(3000);
    assert.deepEqual([report.readUInt32BE(0), report.length], [0x81c90007, 52]);
    assert.equal(report.readUInt32BE(8), 0xabcdef01);
    assert.equal(report.readUInt8(12), Math.floor(256 / 5), "one of five");
    assert.equal(report.readUIntBE(13, 3), 1);
    assert.equal(report.readUInt32BE(16), 65_536 + 2);
    assert.deepEqual([report.readUInt32BE(24), report.readUInt32BE(28)], [0x22223333, 65_536]);
    assert.equal(reception.report(3000).readUInt8(12), 0, "nothing lost since");
  });

  it("read the goodbye of this source, and no other's", () => {
    assert.equal(reception.read(Buffer.from("81cb0001abcdef01", "hex"), 0), true);
    for (const other of ["81cb000100000001", "81cb00ffabcdef01", "81cb", "", "01cb0001abcdef01"])
      assert.equal(reception.read(Buffer.from(other, "hex"), 0), false, other);
  });
});
