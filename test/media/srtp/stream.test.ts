// SRTP in the path of a packet through the worker: one leg encrypted, the other not, and a peer that moves.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { pcma } from "../../../src/media/codec.ts";
import type { SrtpKeys } from "../../../src/media/suites.ts";
import type { Remote } from "../../../src/media/worker/messages.ts";
import { Receiver, Sender } from "../../../src/media/worker/srtp/context.ts";
import { Stream } from "../../../src/media/worker/stream.ts";
import { control, read, rtcp, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";
import { masterKey } from "./keys.ts";

interface Sent {
  readonly packet: Buffer;
  readonly to: string;
}

const ours = masterKey("AES_CM_128_HMAC_SHA1_80", 1);
const theirs = masterKey("AES_CM_128_HMAC_SHA1_80", 2);

function leg(port: number, srtp?: SrtpKeys) {
  const media: Sent[] = [];
  const reports: Sent[] = [];
  const random = seeded(port);
  const stream = new Stream(
    "audio",
    {
      rtp: (packet, to, address) => media.push({ packet, to: `${address}:${to}` }),
      rtcp: (packet, to, address) => reports.push({ packet, to: `${address}:${to}` }),
    },
    { now: () => 1000, random: () => random(2 ** 32) / 2 ** 32, isOwn: () => false },
  );
  const remote: Remote = {
    ...{ address: "192.0.2.1", port, rtcpPort: port + 1, send: true, receive: true },
    ...{ sends: [pcma], receives: [pcma], ...(srtp && { srtp }) },
  };
  stream.setRemote(remote);
  return { stream, media, reports, remote };
}

let bell: ReturnType<typeof leg>;
let phone: ReturnType<typeof leg>;
/** The phone's own side of the encryption. */
let seal: Sender;
let open: Receiver;

beforeEach(() => {
  bell = leg(4000);
  phone = leg(5000, { send: ours, receive: theirs });
  [seal, open] = [new Sender(theirs), new Receiver(ours)];
  bell.stream.setRoutes(phone.stream, [{ from: 8, to: 8, rate: 8000 }]);
  phone.stream.setRoutes(bell.stream, [{ from: 8, to: 8, rate: 8000 }]);
});

const sealed = (sequence: number, by = seal) => by.protect(rtp({ sequence, ssrc: 9 })) ?? assert.fail("not sealed");
const fromPhone = (packet: Buffer, at = "192.0.2.1", port = 5000) =>
  phone.stream.receive(Buffer.from(packet), at, port);
const fromBell = (sequence: number) => bell.stream.receive(rtp({ sequence, ssrc: 7 }), "192.0.2.1", 4000);
const opened = () => open.unprotect(phone.media.at(-1)?.packet ?? assert.fail("nothing was sent"));

describe("a phone with SRTP and a bell without", () => {
  it("hear each other, each in its own way", () => {
    fromBell(1);
    const heard = read(opened() ?? assert.fail("the phone cannot open it"));
    assert.deepEqual([heard.ssrc, heard.body], [phone.stream.out.ssrc, Buffer.alloc(160, 0xd5)]);
    fromPhone(sealed(1));
    assert.deepEqual(read(bell.media[0]?.packet ?? assert.fail()).body, Buffer.alloc(160, 0xd5));
  });

  it("exchange reports, which are encrypted on the phone's side", () => {
    fromBell(1);
    fromPhone(sealed(1));
    bell.stream.receiveControl(rtcp(0, 200, [7, 1, 2, 3, 4, 5]), "192.0.2.1", 4001);
    const report = open.unprotectControl(phone.reports[0]?.packet ?? assert.fail()) ?? assert.fail("not to be opened");
    assert.deepEqual(control(report)[0]?.slice(0, 2), [0, 200]);
    const asked = rtcp(1, 201, [9, phone.stream.out.ssrc, 0, 0, 0, 0, 0]);
    phone.stream.receiveControl(Buffer.from(asked), "192.0.2.1", 5001);
    assert.equal(bell.reports.length, 0, "a report in the clear is nobody's");
    phone.stream.receiveControl(seal.protectControl(asked) ?? assert.fail(), "192.0.2.1", 5001);
    assert.equal(bell.reports.length, 1);
  });

  it("takes nothing from the phone's address that is not encrypted, or with another key, or twice", () => {
    const once = sealed(1);
    fromPhone(once);
    fromPhone(once);
    fromPhone(rtp({ sequence: 2, ssrc: 9 }));
    fromPhone(sealed(3, new Sender(ours)));
    assert.deepEqual([bell.media.length, phone.stream.in.received], [1, 1]);
  });

  it("looks at padding only where it is no longer encrypted", () => {
    const padded = Buffer.concat([rtp({ sequence: 1, ssrc: 9 }), Buffer.from([0, 0, 3])]);
    padded.writeUInt8(0xa0, 0);
    fromPhone(seal.protect(padded) ?? assert.fail());
    assert.equal(bell.media[0]?.packet.length, padded.length);
  });
});

describe("latching with SRTP", () => {
  const stranger = ["198.51.100.9", 1234] as const;
  const goesTo = () => {
    fromBell(phone.media.length + 1);
    return phone.media.at(-1)?.to;
  };

  it("follows one authentic packet at once, wherever it comes from, and again when the phone moves", () => {
    assert.equal(goesTo(), "192.0.2.1:5000");
    fromPhone(sealed(1), ...stranger);
    assert.equal(goesTo(), "198.51.100.9:1234");
    fromPhone(sealed(2));
    assert.equal(goesTo(), "192.0.2.1:5000");
    assert.equal(bell.media.length, 2);
  });

  it("follows no packet that is not authentic, not even to an address that nobody has said", () => {
    phone.stream.setRemote({ ...phone.remote, address: undefined });
    for (let sequence = 1; sequence < 5; sequence++) fromPhone(rtp({ sequence, ssrc: 9 }), ...stranger);
    assert.equal(phone.stream.peer, undefined);
    fromPhone(sealed(1), ...stranger);
    assert.equal(phone.stream.peer, "198.51.100.9:1234");
  });

  it("is not moved by a packet played again, nor by one that was overtaken", () => {
    const [one, two, three] = [sealed(1), sealed(2), sealed(3)];
    fromPhone(one);
    fromPhone(three);
    fromPhone(one, ...stranger);
    fromPhone(two, ...stranger);
    assert.equal(goesTo(), "192.0.2.1:5000");
    assert.equal(bell.media.length, 3);
  });
});

describe("RFC 4568 §7.1.4 a new offer", () => {
  /** Past the first wrap, both ways. */
  const talkLong = () => {
    for (const sequence of [1, 30_000, 60_000, 65_535, 20]) {
      fromBell(sequence);
      assert.ok(opened());
      fromPhone(sealed(sequence));
    }
  };

  it("with the same keys goes on where it was: with the rollover counter", () => {
    talkLong();
    phone.stream.setRemote({ ...phone.remote, port: 5500, srtp: { send: { ...ours }, receive: { ...theirs } } });
    fromBell(21);
    assert.ok(opened());
    const before = bell.media.length;
    fromPhone(sealed(21));
    assert.equal(bell.media.length, before + 1);
  });

  it("with other keys begins anew, and what is still on its way under the old ones is heard", () => {
    talkLong();
    const [late, later] = [sealed(21), sealed(22)];
    const [send, receive] = [masterKey("AEAD_AES_128_GCM", 3), masterKey("AEAD_AES_128_GCM", 4)];
    phone.stream.setRemote({ ...phone.remote, srtp: { send, receive } });
    const before = bell.media.length;
    fromPhone(late);
    fromPhone(sealed(23, new Sender(receive)));
    fromPhone(later);
    assert.equal(bell.media.length, before + 2);
    open = new Receiver(send);
    fromBell(21);
    assert.ok(opened());
  });

  it("without keys goes on in the clear, and then takes nothing encrypted", () => {
    const { srtp: _, ...plain } = phone.remote;
    phone.stream.setRemote(plain);
    fromPhone(rtp({ sequence: 1, ssrc: 9 }));
    fromBell(1);
    assert.equal(bell.media.length, 1);
    assert.equal(read(phone.media[0]?.packet ?? assert.fail()).body.length, 160);
  });
});
