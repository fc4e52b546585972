// Mutated messages, the same in every run: nothing that comes from the network may throw or run long, neither in the
// parser nor in the endpoint behind it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseMessage } from "../../../src/sip/message/parse.ts";
import { parseUri, writeUri } from "../../../src/sip/message/uri.ts";
import { Framing } from "../../../src/sip/transport/framing.ts";
import { house, last } from "../house.ts";
import { fastest } from "../../support/cpu.ts";
import { sdp } from "../party.ts";
import { Random } from "../random.ts";

const folder = new URL("../fixtures/", import.meta.url);
const torture = readdirSync(folder)
  .filter((name) => name.endsWith(".sip"))
  .map((name) => readFileSync(new URL(name, folder)));

const morsels = [
  ...'\r\n|\n|\r|\0| |\t|:|;|,|<|>|"|\\|@|=|%|%zz|[|]|[::1]|sip:|tel:|*|é|😀|-1|0|4294967296|99999999999'.split("|"),
  ..."Via: |Contact: *\r\n|Expires: 0\r\n|;tag=|;rport|;branch=|;branch=z9hG4bK|;expires=1e9|SIP/2.0/UDP ".split("|"),
  ..."Authorization: Digest |Content-Length: 5\r\n|REGISTER|INVITE|CANCEL|ACK|BYE|__proto__: x\r\n".split("|"),
].map((text) => Buffer.from(text));

/** One to eight changes: bytes altered, cut out, doubled, or put in. */
function mutate(data: Buffer, random: Random): Buffer {
  let text = data;
  for (let n = 1 + random.below(8); n > 0; n--) {
    const at = random.below(text.length + 1);
    const to = Math.min(text.length, at + random.below(random.chance(0.1) ? 400 : 12));
    const [before, middle, after] = [text.subarray(0, at), text.subarray(at, to), text.subarray(to)];
    const kind = random.below(4);
    if (kind === 0) text = Buffer.concat([before, after]);
    else if (kind === 1) text = Buffer.concat([before, middle, middle, after]);
    else if (kind === 2) text = Buffer.concat([before, random.pick(morsels), after]);
    else text = Buffer.concat([before, Buffer.from([random.below(256)]), text.subarray(Math.min(text.length, at + 1))]);
  }
  return text;
}

describe("20,000 mutated messages", () => {
  it("make the parser neither throw nor take 10 ms", () => {
    const random = new Random(1);
    let whole = 0;
    const slow: Buffer[] = [];
    for (let n = 0; n < 20_000; n++) {
      const data = mutate(random.pick(torture), random);
      const began = performance.now();
      const { message, fault } = parseMessage(data);
      assert.ok(message ?? fault, "either a message or a fault");
      if (message) {
        const { via, from, to, contact, cseq } = message;
        for (const uri of [from?.uri, to?.uri, contact?.uri]) {
          const read = uri === undefined ? undefined : parseUri(uri);
          if (read) writeUri(read);
        }
        assert.ok([via, from, to, contact, cseq].length);
      }
      if (performance.now() - began > 10) slow.push(data);
      if (message && fault === undefined) {
        whole++;
        const again = parseMessage(message.toBuffer());
        assert.equal(again.fault, undefined, "what was read without fault is written without fault");
      }
    }
    // The machine may have been busy with something else: what was slow is measured again.
    for (const data of slow) {
      const best = fastest(5, () => parseMessage(data));
      assert.ok(best < 10, `${best.toFixed(1)} ms for ${data.toString("latin1")}`);
    }
    assert.ok(whole > 2_000, `only ${whole} were whole: the mutations are too coarse to test anything`);
  });

  it("make the framing of streams neither throw nor grow", () => {
    const random = new Random(2);
    for (let n = 0; n < 500; n++) {
      const framing = new Framing();
      for (let piece = 0; piece < 10; piece++) {
        const results = [...framing.push(mutate(random.pick(torture), random), () => {})];
        if (results.some(({ lost }) => lost)) break;
      }
      assert.ok(framing.waiting < 100_000);
    }
  });
});

describe("3,000 mutated requests to an endpoint", () => {
  it("throw nothing and leave nothing behind", async () => {
    const { endpoint, clock, network, party, calls } = await house();
    const phone = party({ user: "6001" });
    await phone.register("pw6001", { expires: 7200 });
    const bell = party({ user: "8000" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777", body: ["application/sdp", sdp(1)] });
    const call = last(calls);
    call.answer(sdp(2));
    const ok = await bell.takeResponse(200);
    bell.ack(invite, ok);
    call.on("info", (info) => info.reply(200));
    call.on("reoffer", (offer) => offer.answer(sdp(3)));
    endpoint.on("call", (other) => other.reject(486));
    const inside = { to: "777", toTag: ok.toTag, callId: invite.callId };
    const seeds = [
      ...network.sent.flatMap(({ message }) => (message ? [message.toBuffer()] : [])),
      bell.request("INFO", { ...inside, seq: 30, body: ["application/dtmf", "5"] }).toBuffer(),
      bell.request("INVITE", { ...inside, seq: 31, body: ["application/sdp", sdp(4)] }).toBuffer(),
      bell.request("CANCEL", { to: "777", via: invite.get("via") ?? "", seq: 2 }).toBuffer(),
      ...torture,
    ];
    const random = new Random(3);
    // Nobody may object to what is said to this one.
    const noise = network.open("UDP", { host: "10.0.0.99", port: 5060 }, { message: () => {}, malformed: () => {} });
    for (let n = 0; n < 3_000; n++) noise.to({ host: "10.0.0.1", port: 5060 }).send(mutate(random.pick(seeds), random));
    await clock.advance(50);
    call.hangUp();
    for (const contact of endpoint.location.contacts()) endpoint.location.remove(contact.extension);
    await clock.advance(300_000);
    assert.deepEqual([endpoint.calls, endpoint.transactions.size, clock.pending], [0, 0, 0]);
  });
});
