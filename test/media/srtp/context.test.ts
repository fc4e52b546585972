// Protection and what it holds against: other keys, repeats, cuts, losses across the wrap, noise.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { suites } from "../../../src/media/suites.ts";
import { Receiver, Sender } from "../../../src/media/worker/srtp/context.ts";
import { mostSources } from "../../../src/media/worker/srtp/sources.ts";
import { windowSize } from "../../../src/media/worker/srtp/window.ts";
import { rtcp, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";
import { masterKey, suiteNames } from "./keys.ts";

const report = (ssrc = 7) => rtcp(0, 201, [ssrc, 1, 2, 3, 4, 5]);

/** A sender and a receiver that know each other's key; packets go through as copies, as by a network. */
function pair(suite = suiteNames[0] ?? assert.fail(), mki?: string) {
  const key = masterKey(suite, 1, mki);
  const [sender, receiver] = [new Sender(key), new Receiver(key)];
  const protect = (packet: Buffer) => sender.protect(packet) ?? assert.fail("not sent");
  const unprotect = (packet: Buffer) => receiver.unprotect(Buffer.from(packet));
  return { sender, receiver, protect, unprotect };
}

for (const suite of suiteNames)
  describe(suite, () => {
    const { tagBytes } = suites[suite];

    for (const mki of [undefined, "0000002a"])
      it(`RFC 3711 §3.1: packets come out as they went in${mki === undefined ? "" : ", also with a key identifier"}`, () => {
        const { sender, receiver } = pair(suite, mki);
        const random = seeded(3);
        for (let sequence = 0; sequence < 300; sequence++) {
          const body = Buffer.from(Array.from({ length: random(1400) }, () => random(256)));
          const plain = rtp({ sequence, ssrc: 7, body });
          const before = Buffer.from(plain);
          const sealed = sender.protect(plain) ?? assert.fail();
          assert.deepEqual(plain, before, "a packet for two receivers stays as it is for the second");
          assert.equal(sealed.length, plain.length + tagBytes + (mki === undefined ? 0 : 4));
          assert.deepEqual(sealed.subarray(0, 12), plain.subarray(0, 12));
          if (body.length > 8) assert.ok(!sealed.includes(body));
          assert.deepEqual(receiver.unprotect(sealed), plain);
        }
      });

    it("RFC 3711 §3.4: reports come out as they went in, with a tag of 80 bits or more", () => {
      const { sender, receiver } = pair(suite, "2a");
      for (let i = 0; i < 20; i++) {
        const sealed = sender.protectControl(report()) ?? assert.fail();
        assert.equal(sealed.length, report().length + Math.max(10, tagBytes) + 4 + 1);
        assert.deepEqual(receiver.unprotectControl(sealed), report());
      }
    });

    it("leaves header extension and CSRCs readable (RFC 3711 §3.1)", () => {
      const { protect, unprotect } = pair(suite);
      const plain = Buffer.concat([
        rtp({ body: Buffer.alloc(0) }),
        Buffer.from("0000002abede000110aa0000d5d5d5", "hex"),
      ]);
      plain.writeUInt8(0x91, 0);
      const sealed = protect(plain);
      assert.deepEqual(sealed.subarray(0, 24), plain.subarray(0, 24));
      assert.notDeepEqual(sealed.subarray(24, 27), plain.subarray(24, 27));
      assert.deepEqual(unprotect(sealed), plain);
    });

    it("opens nothing that is changed, cut, lengthened or sealed with another key", () => {
      const { protect, unprotect, sender, receiver } = pair(suite, "2a");
      const sealed = protect(rtp({ sequence: 5, ssrc: 7, body: Buffer.alloc(40, 1) }));
      for (let at = 0; at < sealed.length; at++) {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.equal(unprotect(changed), undefined, `byte ${at}`);
      }
      for (let length = 0; length < sealed.length; length++)
        assert.equal(unprotect(sealed.subarray(0, length)), undefined, `${length} bytes`);
      assert.equal(unprotect(Buffer.concat([sealed, Buffer.alloc(4)])), undefined);
      assert.equal(new Receiver(masterKey(suite, 2, "2a")).unprotect(Buffer.from(sealed)), undefined);
      const control = sender.protectControl(report()) ?? assert.fail();
      for (let at = 0; at < control.length; at++) {
        const changed = Buffer.from(control);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.equal(receiver.unprotectControl(changed), undefined, `byte ${at} of RTCP`);
        assert.equal(receiver.unprotectControl(control.subarray(0, at)), undefined);
      }
      assert.ok(unprotect(sealed), "none of this has harmed the right one");
      assert.ok(receiver.unprotectControl(control));
    });

    it("survives 20 000 packets of noise", () => {
      const { protect, receiver } = pair(suite);
      const random = seeded(11);
      const sealed = protect(rtp({ sequence: 9, ssrc: 7 }));
      for (let i = 0; i < 20_000; i++) {
        const noise = Buffer.from(Array.from({ length: random(50) }, () => random(256)));
        if (noise.length > 0 && random(2)) noise[0] = 0x80 | random(64);
        const mixed = random(2) ? noise : Buffer.concat([sealed.subarray(0, random(40)), noise]);
        assert.equal(receiver.unprotect(mixed), undefined);
        assert.equal(receiver.unprotectControl(mixed), undefined);
      }
      assert.ok(receiver.unprotect(sealed));
    });
  });

describe("numbers of packets", () => {
  it("RFC 3711 §3.3.2: opens what comes late, but nothing twice, and nothing that is too late to tell", () => {
    const { protect, unprotect } = pair();
    const sealed = Array.from({ length: 400 }, (_, sequence) => protect(rtp({ sequence, ssrc: 7 })));
    const open = (at: number) => unprotect(sealed[at] ?? assert.fail()) !== undefined;
    assert.deepEqual([0, 3, 2, 1, 2, 3, 0].map(open), [true, true, true, true, false, false, false]);
    assert.ok(open(399));
    assert.ok(open(399 - windowSize + 1));
    assert.ok(!open(399 - windowSize));
    assert.ok(!open(399 - windowSize + 1));
  });

  it("RFC 3711 §3.3.1: goes through five wraps with losses across each of them", () => {
    const { protect, unprotect } = pair();
    const random = seeded(5);
    let lost = 0;
    for (let n = 0; n < 5 * 2 ** 16 + 100; n++) {
      const sequence = (n + 65_000) & 0xffff;
      const sealed = protect(rtp({ sequence, ssrc: 7, body: Buffer.from([n & 255]) }));
      // Two thousand around each wrap, and now and then one more; never the first packets, which set the counter.
      const lose = (n > 10 && (sequence > 64_500 || sequence < 1_500) && n > 600) || random(500) === 0;
      if (lose) lost++;
      else assert.ok(unprotect(sealed), `packet ${n}`);
    }
    assert.ok(lost > 5 * 2_000);
  });

  it("opens packets of both sides of a wrap in any order", () => {
    const { protect, unprotect } = pair();
    const sealed = [65_533, 65_534, 65_535, 0, 1, 2].map((sequence) => protect(rtp({ sequence, ssrc: 7 })));
    for (const at of [0, 4, 2, 3, 5, 1]) assert.ok(unprotect(sealed[at] ?? assert.fail()), `packet ${at}`);
  });

  it("RFC 3711 appendix A: a step of just 2^15 is one back in the upper half, one forward in the lower", () => {
    for (const [first, second, opens] of [
      [100, 100 + 2 ** 15, true],
      [40_000, 40_000 - 2 ** 15, false],
    ] as const) {
      const { protect, unprotect } = pair();
      assert.ok(unprotect(protect(rtp({ sequence: first, ssrc: 7 }))));
      const sealed = pair().protect(rtp({ sequence: second, ssrc: 7 }));
      assert.equal(unprotect(sealed) !== undefined, opens);
    }
  });

  it("RFC 3711 §9.1: a number is never used for two packets, but the same packet may go out again", () => {
    for (const suite of suiteNames) {
      const { sender, protect, unprotect } = pair(suite);
      const first = protect(rtp({ sequence: 65_535, ssrc: 7 }));
      const late = protect(rtp({ sequence: 1, ssrc: 7 }));
      assert.deepEqual(sender.protect(rtp({ sequence: 65_535, ssrc: 7 })), first);
      assert.equal(sender.protect(rtp({ sequence: 65_535, ssrc: 7, body: Buffer.from("other") })), undefined);
      assert.equal(sender.protect(rtp({ sequence: 65_000, ssrc: 7 })), undefined, "too late to be sure");
      assert.ok(unprotect(first) && unprotect(late));
    }
  });

  it("RFC 3711 §3.4: a report counts once, and one that is not encrypted never", () => {
    const { sender, receiver } = pair();
    const sealed = sender.protectControl(report()) ?? assert.fail();
    assert.ok(receiver.unprotectControl(Buffer.from(sealed)));
    assert.equal(receiver.unprotectControl(Buffer.from(sealed)), undefined);
    assert.deepEqual(receiver.unprotectControl(sender.protectControl(report()) ?? assert.fail()), report());
  });
});

describe("sources", () => {
  const say = (ssrc: number, sequence = 1) => rtp({ ssrc, sequence });

  it("each have numbers of their own", () => {
    const { protect, unprotect } = pair();
    for (const ssrc of [1, 2, 3]) for (const sequence of [1, 2]) assert.ok(unprotect(protect(say(ssrc, sequence))));
    assert.equal(unprotect(pair().protect(say(2))), undefined);
  });

  it(`are ${mostSources} at most; the one silent longest is forgotten, and cannot be played again`, () => {
    const { protect, unprotect } = pair();
    const sealed = Array.from({ length: mostSources + 1 }, (_, ssrc) => protect(say(ssrc)));
    for (const packet of sealed) assert.ok(unprotect(packet));
    for (const packet of sealed) assert.equal(unprotect(packet), undefined);
  });

  it("that cannot show a key leave no trace, however many", () => {
    const { protect, unprotect } = pair();
    const sealed = protect(say(7));
    const stranger = masterKey("AES_CM_128_HMAC_SHA1_80", 9);
    for (let ssrc = 100; ssrc < 300; ssrc++)
      assert.equal(unprotect(new Sender(stranger).protect(say(ssrc)) ?? assert.fail()), undefined);
    assert.ok(unprotect(sealed));
  });
});
