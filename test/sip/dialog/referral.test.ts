// Transfer: REFER (RFC 3515), with Replaces (RFC 3891), without a subscription (RFC 4488).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Progress, Referral } from "../../../src/sip/dialog/events.ts";
import { parseReferTo, parseReplaces, writeReferTo } from "../../../src/sip/dialog/replaces.ts";
import type { Wish } from "../party.ts";
import { nothingLeft, ringing, talking } from "./bell.ts";

const replaces = { callId: "a@b;c", toTag: "t1", fromTag: "f1", earlyOnly: false };

describe("a Refer-To (RFC 3515 §2.1)", () => {
  it("names an address, and perhaps the call whose place is taken", () => {
    for (const [text, wanted] of [
      ["<sip:6002@10.0.0.1>", { uri: "sip:6002@10.0.0.1" }],
      ["sip:6002@10.0.0.1", { uri: "sip:6002@10.0.0.1" }],
      ['"Bob" <sip:6002@10.0.0.1:5070;transport=tcp>;x=y', { uri: "sip:6002@10.0.0.1:5070;transport=tcp" }],
      ["<sip:6002@10.0.0.1;method=INVITE>", { uri: "sip:6002@10.0.0.1" }],
      ["<sip:a?b@10.0.0.1>", { uri: "sip:a?b@10.0.0.1" }],
      ["<sip:6002@10.0.0.1?Subject=hello>", { uri: "sip:6002@10.0.0.1" }],
      [
        "<sip:6002@10.0.0.1?X=y&Replaces=a%40b%3bto-tag%3Dt1%3Bfrom-tag%3Df1%3Bearly-only>",
        { uri: "sip:6002@10.0.0.1", replaces: { ...replaces, callId: "a@b", earlyOnly: true } },
      ],
    ] as const)
      assert.deepEqual(parseReferTo(text), wanted, text);
  });

  it("is nothing we could call with another method, another scheme, or half a Replaces", () => {
    for (const text of [
      "<sip:6002@10.0.0.1;method=BYE>",
      "<tel:+4912345>",
      "<http://10.0.0.1/>",
      "<sip:6002@10.0.0.1?Replaces=abc>",
      "<sip:6002@10.0.0.1?Replaces=%ZZ>",
      "",
      "6002",
    ])
      assert.equal(parseReferTo(text), undefined, text);
  });

  it("is read as it was written", () => {
    const to = { uri: "sip:6002@10.0.0.1", replaces: { ...replaces, callId: "a@b" } };
    assert.deepEqual(parseReferTo(writeReferTo(to)), to);
    assert.equal(parseReplaces("a@b;to-tag=t"), undefined);
    assert.equal(parseReplaces(";to-tag=t;from-tag=f"), undefined);
  });
});

async function referring() {
  const made = await talking();
  const referrals: Referral[] = [];
  const { bell, call, our } = made;
  call.on("refer", (referral) => referrals.push(referral));
  const refer = async (seq: number, headers: Wish["headers"] = {}) => {
    const wish = { to: "777", toTag: our, seq, headers: { "Refer-To": "<sip:6002@10.0.0.1>", ...headers } };
    bell.send(bell.request("REFER", wish));
    await bell.settle();
  };
  return { ...made, referrals, refer };
}

describe("a REFER in a call (RFC 3515 §2.4)", () => {
  it("is taken on with 202, and told of by NOTIFYs, one after the other, until the end", async () => {
    const { bell, referrals, refer } = await referring();
    await refer(3, { "Referred-By": "<sip:8000@10.0.0.1>" });
    const [referral] = referrals;
    assert.ok(referral);
    assert.deepEqual([referral.to.uri, referral.by], ["sip:6002@10.0.0.1", "<sip:8000@10.0.0.1>"]);
    const tell = referral.accept();
    assert.ok((await bell.takeResponse(202)).contact);
    tell(180);
    tell(200);
    tell(486);
    const first = await bell.takeRequest("NOTIFY");
    assert.deepEqual(
      [first.get("event"), first.get("subscription-state"), first.contentType, first.body.toString()],
      ["refer", "active;expires=180", "message/sipfrag", "SIP/2.0 100 Trying\r\n"],
    );
    assert.equal(bell.count("NOTIFY"), 1);
    bell.respond(first, 200);
    bell.respond(await bell.takeRequest("NOTIFY"), 200);
    const last = await bell.takeRequest("NOTIFY");
    assert.deepEqual(
      [last.get("subscription-state"), last.body.toString()],
      ["terminated;reason=noresource", "SIP/2.0 200 OK\r\n"],
    );
    bell.respond(last, 200);
    await bell.settle();
    assert.equal(bell.count("NOTIFY"), 3);
  });

  it("carries its number in the NOTIFYs from the second one on (§2.4.6)", async () => {
    const { bell, referrals, refer } = await referring();
    await refer(3);
    referrals[0]?.accept()(200);
    bell.respond(await bell.takeRequest("NOTIFY"), 200);
    bell.respond(await bell.takeRequest("NOTIFY"), 200);
    await refer(4);
    referrals[1]?.accept();
    assert.equal((await bell.takeRequest("NOTIFY")).get("event"), "refer;id=4");
  });

  it("is not told of where it does not want that (RFC 4488)", async () => {
    const { bell, referrals, refer } = await referring();
    await refer(3, { "Refer-Sub": "false", Require: "norefersub" });
    referrals[0]?.accept()(200);
    assert.equal((await bell.takeResponse(202)).get("refer-sub"), "false");
    await bell.settle();
    assert.equal(bell.count("NOTIFY"), 0);
  });

  it("is refused where it names nobody or two, where nobody takes it, or before the call talks", async () => {
    const { bell, refer, referrals, our, call } = await referring();
    await refer(3, { "Refer-To": "<http://x/>" });
    await bell.takeResponse(400);
    await refer(4, { "Refer-To": "<sip:a@b>, <sip:c@d>" });
    await bell.takeResponse(400);
    await refer(5);
    referrals[0]?.reject(603);
    referrals[0]?.accept();
    await bell.takeResponse(603);
    assert.equal(bell.count(202), 0);
    call.removeAllListeners("refer");
    await refer(6);
    await bell.takeResponse(403);
    assert.ok(our);
    const early = await ringing();
    early.call.ring();
    const { toTag } = await early.bell.takeResponse(180);
    early.bell.send(
      early.bell.request("REFER", { to: "777", toTag, seq: 3, headers: { "Refer-To": "<sip:6002@10.0.0.1>" } }),
    );
    await early.bell.takeResponse(403);
  });

  it("goes on being told of after the peer's BYE, and its refusal of a NOTIFY ends nothing else (RFC 5057)", async () => {
    const made = await referring();
    const { bell, referrals, refer, our, call } = made;
    await refer(3);
    const tell = referrals[0]?.accept();
    bell.respond(await bell.takeRequest("NOTIFY"), 481);
    await bell.settle();
    assert.equal(call.state, "talking");
    await refer(4);
    const second = referrals[1]?.accept();
    bell.respond(await bell.takeRequest("NOTIFY"), 200);
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 5 }));
    await bell.settle();
    tell?.(200);
    second?.(200);
    const notify = await bell.takeRequest("NOTIFY");
    assert.equal(notify.body.toString(), "SIP/2.0 200 OK\r\n");
    bell.respond(notify, 200);
    await bell.settle();
    await nothingLeft(made);
  });
});

describe("a REFER of ours", () => {
  it("is told of by the peer's NOTIFYs", async () => {
    const { bell, call, our } = await talking();
    const seen: Progress[] = [];
    call.on("progress", (progress) => seen.push(progress));
    const asked = call.refer({ uri: "sip:6002@10.0.0.1", replaces: { ...replaces, callId: "a@b" } });
    const refer = await bell.takeRequest("REFER");
    assert.equal(refer.get("refer-to"), "<sip:6002@10.0.0.1?Replaces=a%40b%3Bto-tag%3Dt1%3Bfrom-tag%3Df1>");
    assert.equal(refer.get("referred-by"), "<sip:777@10.0.0.1>");
    bell.respond(refer, 202);
    await bell.settle();
    assert.equal(await asked, 202);
    let seq = 3;
    const notify = async (state: string, fragment: string, event = "refer") => {
      const headers = { Event: event, "Subscription-State": state };
      const body = ["message/sipfrag", fragment] as const;
      bell.send(bell.request("NOTIFY", { to: "777", toTag: our, seq: seq++, headers, body }));
      await bell.settle();
    };
    await notify("active;expires=60", "SIP/2.0 100 Trying\r\n", "refer;id=2");
    await notify("terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\nReason: x\r\n");
    assert.deepEqual(seen, [
      { status: 100, text: "Trying", over: false },
      { status: 486, text: "Busy Here", over: true },
    ]);
    await notify("terminated", "SIP/2.0 200 OK\r\n");
    await bell.takeResponse(481);
    await notify("active", "x", "presence");
    assert.equal((await bell.takeResponse(489)).get("allow-events"), "refer");
  });

  it("that was refused is told of no more: 481", async () => {
    const { bell, call, our } = await talking();
    const asked = call.refer({ uri: "sip:6002@10.0.0.1" });
    bell.respond(await bell.takeRequest("REFER"), 603);
    await bell.settle();
    assert.equal(await asked, 603);
    const headers = { Event: "refer", "Subscription-State": "active" };
    const body = ["message/sipfrag", "SIP/2.0 100 Trying\r\n"] as const;
    bell.send(bell.request("NOTIFY", { to: "777", toTag: our, seq: 3, headers, body }));
    await bell.takeResponse(481);
  });
});

describe("an INVITE that takes the place of a call (RFC 3891 §3)", () => {
  it("names it by Call-ID and tags, as we see them", async () => {
    const { endpoint, call, our, invite } = await talking();
    const named = { callId: invite.callId, toTag: our, fromTag: "ft", earlyOnly: false };
    assert.equal(endpoint.callNamed(named), call);
    for (const wrong of [{ callId: "x" }, { toTag: "x" }, { fromTag: "x" }])
      assert.equal(endpoint.callNamed({ ...named, ...wrong }), undefined);
    call.hangUp();
    assert.equal(endpoint.callNamed(named), undefined);
  });

  it("is 400 where it names two, or half a one", async () => {
    for (const [callId, value] of [
      ["a", "x;to-tag=1;from-tag=2, y;to-tag=1"],
      ["b", "x;to-tag=1"],
    ] as const) {
      const made = await talking();
      const invite = await made.bell.authenticated("INVITE", "pw8000", { callId, headers: { Replaces: value } });
      made.bell.ack(invite, await made.bell.takeResponse(400));
    }
  });
});
