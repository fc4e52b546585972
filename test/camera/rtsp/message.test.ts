import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { limits, RtspReader, type RtspMessage } from "../../../src/camera/rtsp/message.ts";
import { fastest } from "../../support/cpu.ts";

type Read = { message: RtspMessage } | { channel: number; bytes: string };

function read(pieces: readonly (Buffer | string)[]): { read: Read[]; fault: string | undefined; pending: number } {
  const list: Read[] = [];
  const reader = new RtspReader({
    message: (message) => list.push({ message }),
    packet: (channel, bytes) => list.push({ channel, bytes: bytes.toString("latin1") }),
  });
  let fault: string | undefined;
  for (const piece of pieces) fault ??= reader.push(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
  return { read: list, fault, pending: reader.pending };
}

const packet = (channel: number, text: string) =>
  `$${String.fromCharCode(channel, text.length >> 8, text.length & 0xff)}${text}`;
const ok = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nhello";

describe("RTSP messages on a connection, RFC 2326 §4 and §10.12", () => {
  it("reads responses, packets and requests in between, however the bytes are cut", () => {
    const text =
      ok + packet(0, "R$TSP/1.0 200") + packet(1, "") + "OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" + packet(7, "x");
    const whole = read([text]);
    assert.deepEqual(
      whole.read.map((one) =>
        "message" in one ? (one.message.status ?? one.message.method) : [one.channel, one.bytes],
      ),
      [200, [0, "R$TSP/1.0 200"], [1, ""], "OPTIONS", [7, "x"]],
    );
    for (const size of [1, 2, 3, 7, 50]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      assert.deepEqual(read(pieces), whole, `in pieces of ${size}`);
    }
  });

  it("reads what cameras write: bare line feeds, empty lines before, headers in any case, several of a name", () => {
    const { read: list } = read([
      "\r\n\r\nRTSP/1.0 401 Unauthorized\nwww-authenticate: a\nWWW-AUTHENTICATE:b\ncSeq :2\n\n",
    ]);
    const [first] = list;
    assert.ok(first && "message" in first);
    assert.deepEqual(first.message.headers.get("www-authenticate"), ["a", "b"]);
    assert.deepEqual(first.message.headers.get("cseq"), ["2"]);
  });

  it("finds its place again behind garbage, and gives up where there is nothing else", () => {
    const { read: list, fault } = read([ok, "\0\x01 garbage ", packet(0, "a"), "\xff\xfe", ok]);
    assert.deepEqual([list.length, fault], [3, undefined]);
    const lost = read([ok, Buffer.alloc(limits.garbage + 1, 1)]);
    assert.equal(lost.fault, "sends what is neither a message nor a packet");
  });

  it("reads in no time what seems to begin a message at every turn", () => {
    const answer = Buffer.from("RTSP/1.0 200 OK\r\n\r\n");
    for (const what of ["RTSP/\n", "xRTSP/\n", "RTSP/", "x$\0\0\0", "A_A \n"]) {
      const noise = Buffer.from(`${what.repeat(16_000 / what.length)}\n\n`.repeat(4));
      const best = fastest(3, () => read([answer, noise]));
      assert.ok(best < 50, `${best.toFixed(0)} ms for ${JSON.stringify(what)}`);
    }
  });

  it("says at once that a web server or something else does not speak RTSP", () => {
    for (const greeting of [
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "\x15\x03\x03\x00\x02\x02\x46\x00",
    ])
      assert.equal(read([greeting]).fault, "does not speak RTSP", greeting);
  });

  it("holds no more than its limits, whatever is announced", () => {
    const start = "RTSP/1.0 200 OK\r\n";
    for (const [text, fault] of [
      [start + `Content-Length: ${limits.body + 1}\r\n\r\n`, "announces a body of impossible length"],
      [start + "Content-Length: -1\r\n\r\n", "announces a body of impossible length"],
      [start + "X: ".padEnd(limits.head, "x"), "sends a header without an end"],
    ] as const)
      assert.deepEqual(read([text]), { read: [], fault, pending: 0 });
    assert.equal(read([`${start}Content-Length: ${limits.body}\r\n\r\n`, "x"]).fault, undefined);
  });
});
