import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { limits } from "../../../src/sip/message/parse.ts";
import { Framing } from "../../../src/sip/transport/framing.ts";
import { Random } from "../random.ts";

const message = (callId: string, body = ""): string =>
  [
    "INFO sip:a@b SIP/2.0",
    "Via: SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK1",
    "From: <sip:x@y>;tag=a",
    "To: <sip:a@b>;tag=b",
    `Call-ID: ${callId}`,
    "CSeq: 1 INFO",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");

function cut(pieces: readonly Buffer[]) {
  const framing = new Framing();
  let pings = 0;
  const found = pieces.flatMap((piece) => [...framing.push(piece, () => pings++)]);
  return { found, pings, waiting: framing.waiting };
}

const stream = Buffer.from(
  message("one", "Signal=1\r\n\r\nü") + "\r\n\r\n" + message("two") + "\r\n" + message("three", "x"),
);

describe("messages cut out of a stream, RFC 3261 §18.3", () => {
  it("are the same wherever the stream is split in two", () => {
    for (let at = 0; at <= stream.length; at++) {
      const { found, waiting } = cut([stream.subarray(0, at), stream.subarray(at)]);
      assert.deepEqual(
        found.map(({ message: m, fault }) => fault ?? m?.callId),
        ["one", "two", "three"],
        `split at ${at}`,
      );
      assert.equal(waiting, 0);
    }
  });

  it("are the same for any split into many pieces", () => {
    const random = new Random(4);
    for (let run = 0; run < 200; run++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(run < 100 ? 5 : 200);
        pieces.push(stream.subarray(at, at + size));
        at += size;
      }
      const { found } = cut(pieces);
      assert.deepEqual(
        found.map(({ message: m }) => [m?.callId, m?.body.toString()]),
        [
          ["one", "Signal=1\r\n\r\nü"],
          ["two", ""],
          ["three", "x"],
        ],
      );
    }
  });

  it("tell a keep-alive of two line ends from one line end (RFC 5626 §3.5.1)", () => {
    assert.equal(cut([Buffer.from("\r\n\r\n")]).pings, 1);
    assert.equal(cut([Buffer.from("\r\n")]).pings, 0);
  });

  it("know a keep-alive that comes in two pieces", () => {
    assert.equal(cut([Buffer.from("\r\n"), Buffer.from("\r\n")]).pings, 1);
    assert.equal(cut([Buffer.from("\r\n\r"), Buffer.from("\n")]).pings, 1);
  });

  it("are lost for good after headers that do not end, or without Content-Length", () => {
    for (const text of [
      "x".repeat(limits.head + 1),
      message("a").replace(/Content-Length.*\r\n/, ""),
      message("a").replace("Content-Length: 0", "Content-Length: none"),
      message("a").replace("Content-Length: 0", `Content-Length: ${limits.body + 1}`),
      "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    ]) {
      const { found } = cut([Buffer.from(text)]);
      assert.equal(found.length, 1);
      assert.equal(found[0]?.lost, true);
      assert.ok(found[0].fault);
    }
  });

  it("go on after a message with a fault whose length is known", () => {
    const wrong = message("bad").replace("CSeq: 1 INFO", "CSeq: 1 BYE");
    const { found } = cut([Buffer.from(wrong + message("good"))]);
    assert.deepEqual(
      found.map(({ fault, lost }) => [fault, lost]),
      [
        ["CSeq names another method", undefined],
        [undefined, undefined],
      ],
    );
  });
});
