// Encrypted sound through all of the media part: descriptions, worker thread, real packets on loopback.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Media } from "../../../src/media/media.ts";
import { parseSdp } from "../../../src/media/sdp.ts";
import { keysOf, writeCrypto } from "../../../src/media/sdes.ts";
import { Receiver, Sender } from "../../../src/media/worker/srtp/context.ts";
import { read, rtp } from "../packets.ts";
import { Phone } from "../phone.ts";
import { masterKey } from "./keys.ts";

const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);

describe("a session", () => {
  it("says how its sound is encrypted, and carries it to one that is not", async () => {
    const media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    const [bell, phone] = [await Phone.open(1), await Phone.open(2)];
    try {
      const [a, b] = [await media.open(), await media.open()];
      b.encryption = "required";
      a.receiveOffer(bell.sdp("8"));
      const offer = b.offer(a);
      const [theirs] = parseSdp(offer)[0]?.crypto ?? [];
      const own = { tag: "1", name: "AES_CM_128_HMAC_SHA1_80", key: masterKey("AES_CM_128_HMAC_SHA1_80", 5) };
      const { send, receive } = keysOf({ own, theirs: theirs ?? assert.fail("no key is offered") });
      b.receiveAnswer(phone.sdp("8", `a=${writeCrypto(own)}`).replace("RTP/AVP", "RTP/SAVP"));
      const answer = a.answer(b);
      media.bridge(a, b);
      assert.deepEqual([a.encrypted, b.encrypted], [undefined, "AES_CM_128_HMAC_SHA1_80"]);
      await b.stats();
      await bell.send(portOf(answer), 8, Buffer.from("from the bell"));
      await phone.heard(1);
      const opened = new Receiver(receive).unprotect(phone.received[0] ?? assert.fail());
      assert.equal(read(opened ?? assert.fail("it cannot be opened")).body.toString(), "from the bell");
      const sealed = new Sender(send).protect(rtp({ payload: 8, body: Buffer.from("from the phone") }));
      phone.rtp.send(sealed ?? assert.fail(), portOf(offer), "127.0.0.1");
      await bell.heard(1);
      assert.equal(read(bell.received[0] ?? assert.fail()).body.toString(), "from the phone");
      assert.equal((await b.stats()).encrypted, "AES_CM_128_HMAC_SHA1_80");
      assert.equal("encrypted" in (await a.stats()), false);
    } finally {
      bell.close();
      phone.close();
      await media.close();
    }
  });
});
