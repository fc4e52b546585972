// What the peer of one leg is offered so that it sends to another one's (RFC 3725 §4).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OfferAnswer } from "../../src/media/offer-answer.ts";

const leg = (id: number): OfferAnswer =>
  new OfferAnswer({
    advertise: "10.0.0.1",
    ports: new Map([["audio", 30_000 + id] as const, ["video", 31_000 + id]]),
    id,
  });

/** What a device describes; `h264` is the number of its video. */
const body = (address: string, port: number, h264: number, sets: string, direction: string): string =>
  [
    ...["v=0", `o=x 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0", `m=audio ${port} RTP/AVP 8`],
    ...[`m=video ${port + 2} RTP/AVP ${h264}`, `a=rtpmap:${h264} H264/90000`],
    ...[`a=fmtp:${h264} packetization-mode=1;sprop-parameter-sets=${sets}`, `a=${direction}`, ""],
  ].join("\r\n");

describe("an offer that sends one peer to another", () => {
  it("H1 holds its video too: port, number, parameters and direction are the other peer's own", () => {
    const [bell, phone] = [leg(1), leg(2)];
    bell.receiveOffer(body("10.0.0.8", 4000, 99, "Z0IAKQ==,aM4xUg==", "sendonly"));
    phone.offer(bell);
    phone.receiveAnswer(body("10.0.0.9", 5000, 99, "", "recvonly").replace(";sprop-parameter-sets=", ""));
    bell.answer(phone);
    const toPhone = phone.offerOf(bell) ?? assert.fail("no offer");
    assert.match(toPhone, /^o=- 2 \d+ IN IP4 10\.0\.0\.1\r\ns=Portero\r\nc=IN IP4 10\.0\.0\.8\r$/m);
    assert.match(toPhone, /m=audio 4000 RTP\/AVP 8\r\n/);
    assert.match(toPhone, /m=video 4002 RTP\/AVP 99\r\n[^]*sprop-parameter-sets=Z0IAKQ==,aM4xUg==\r\na=sendonly/);
    const toBell = bell.offerOf(phone) ?? assert.fail("no offer");
    assert.match(toBell, /c=IN IP4 10\.0\.0\.9\r\n[^]*m=audio 5000 [^]*m=video 5002 RTP\/AVP 99\r\n[^]*a=recvonly/);
    assert.ok(bell.away && phone.away);
    assert.equal(bell.offer(), toBell, "said again, it is the same");
    const back = bell.offer(phone);
    assert.match(back, /c=IN IP4 10\.0\.0\.1\r\n[^]*m=audio 30001 [^]*m=video 31001 /);
    assert.ok(!bell.away);
  });
});
