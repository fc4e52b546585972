// A trace is shown to people and sent to strangers who help: it may hold no secret, however a device writes it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redact } from "../../../src/sip/trace/redact.ts";
import { Random } from "../random.ts";
import { secretive } from "./secrets.ts";

const shown = (text: string): string => redact(Buffer.from(text)).toString();
const message = (start: string, headers: readonly string[], body = ""): string =>
  [start, ...headers, "", body].join("\r\n");

describe("P7 a message as it is shown", () => {
  it("holds no secret of 20,000 messages that write them in odd forms, and is as long as it was", () => {
    const random = new Random(7);
    for (let count = 0; count < 20_000; count++) {
      const { text, secrets } = secretive(random);
      const data = Buffer.from(text);
      const after = redact(data);
      assert.equal(after.length, data.length, text);
      for (const secret of secrets) {
        // Not even half of one.
        const half = secret.slice(0, Math.ceil(secret.length / 2));
        assert.ok(!after.includes(half), `${half} is left in\n${after.toString()}\nmade of\n${text}`);
      }
    }
  });

  it("keeps what is needed to see whose password was wrong", () => {
    const auth =
      'Authorization: Digest username="8000", realm="portero", nonce="k2.9f", uri="sip:10.0.0.1", qop=auth, ' +
      'nc=00000001, cnonce="0a1b", response="6629fae49393a05397450978507c4ef1", algorithm=MD5, opaque="o"';
    assert.equal(
      shown(message("REGISTER sip:10.0.0.1 SIP/2.0", [auth])),
      message("REGISTER sip:10.0.0.1 SIP/2.0", [
        auth.replace("6629fae49393a05397450978507c4ef1", "*".repeat(32)).replace("0a1b", "****"),
      ]),
    );
  });

  it("shows a challenge as it is: it holds nothing that a password could be guessed by", () => {
    const text = message("SIP/2.0 401 Unauthorized", [
      'WWW-Authenticate: Digest realm="portero", nonce="k2.9f", algorithm=MD5, qop="auth", stale=true',
      "CSeq: 1 REGISTER",
    ]);
    assert.equal(shown(text), text);
  });

  it("N5 shows that a digit came, but not which", () => {
    const head = ["CSeq: 2 INFO", "Content-Type: application/dtmf-relay", "Content-Length: 24"];
    assert.equal(
      shown(message("INFO sip:8000@10.0.0.9 SIP/2.0", head, "Signal=5\r\nDuration=160\r\n")),
      message("INFO sip:8000@10.0.0.9 SIP/2.0", head, "Signal=*\r\nDuration=***\r\n"),
    );
    const bare = ["CSeq: 2 INFO", "c: application/dtmf", "l: 1"];
    assert.equal(
      shown(message("INFO sip:8000@10.0.0.9 SIP/2.0", bare, "5")),
      message("INFO sip:8000@10.0.0.9 SIP/2.0", bare, "*"),
    );
  });

  it("hides a text (RFC 3428), whatever it is written in, and what is said back to it", () => {
    const type = ["Content-Type: application/json", "CSeq: 3 MESSAGE"];
    for (const start of ["MESSAGE sip:8000@10.0.0.9 SIP/2.0", "SIP/2.0 200 OK"])
      assert.equal(shown(message(start, type, '{"pin": 4711}')), message(start, type, "******* *****"), start);
  });

  it("shows an offer but for its keys (RFC 4568)", () => {
    const offer = (key: string) =>
      message(
        "INVITE sip:6001@10.0.0.1 SIP/2.0",
        ["CSeq: 1 INVITE", "Content-Type: application/sdp"],
        `v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}\r\na=rtpmap:8 PCMA/8000\r\n`,
      );
    assert.equal(shown(offer("WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz")), offer("*".repeat(40)));
  });

  it("leaves a message without secrets as it is, byte for byte, whatever its letters", () => {
    const text = message(
      "INVITE sip:6001@10.0.0.1 SIP/2.0",
      [
        "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;rport",
        'From: "Tür: Süd" <sip:8000@10.0.0.1>;tag=1',
        "To: sip:6001@10.0.0.1, <sip:a@b>",
        'Contact: <sip:8000@10.0.0.9:5060>;expires=60;+sip.instance="<urn:uuid:1>"',
        "CSeq: 1 INVITE",
      ],
      "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\na=fingerprint:sha-256 AA:BB\r\n",
    );
    assert.deepEqual(redact(Buffer.from(text)), Buffer.from(text));
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => (i === 0 ? 13 : i)));
    assert.equal(redact(bytes).length, 256);
  });

  it("takes no longer for a message that was made to take long", () => {
    // So long that what takes quadratic time takes half a minute, and the rest some milliseconds.
    const long = 240_000;
    const made = [
      "@".repeat(long),
      "sip:".repeat(long / 4),
      "sip:a@".repeat(long / 6),
      "Authorization: Digest " + "a".repeat(long),
      "Authorization: Digest " + 'a="'.repeat(long / 3),
      "Authorization: Digest " + "a =".repeat(long / 3),
      "Authorization: Digest a" + " ".repeat(long),
      "Authorization:" + "\r\n ".repeat(long / 3),
      "INFO a SIP/2.0\r\n\r\n" + "signal ".repeat(long / 7),
      "INFO a SIP/2.0\r\n\r\nsignal" + " ".repeat(long),
      "a=crypto:" + "1 ".repeat(long / 2),
      "\r\n".repeat(long / 2),
      "cseq:" + " ".repeat(long),
      ";pn-prid" + " ".repeat(long),
      "; ".repeat(long / 2),
    ];
    for (const text of made) {
      const data = Buffer.from(text);
      const from = process.cpuUsage().user;
      redact(data);
      const took = (process.cpuUsage().user - from) / 1000;
      assert.ok(took < 3_000, `${took} ms for ${JSON.stringify(text.slice(0, 40))}…`);
    }
  });
});
