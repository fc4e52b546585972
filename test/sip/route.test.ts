import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { house, last, type House } from "./house.ts";
import { sdp } from "./party.ts";

describe("P4 a bell that has us as its outbound proxy, RFC 3261 §16.4", () => {
  const foreign = "sip:100@telephony.example";

  /** A call with each of these as its Route; how many have come to us. */
  async function reach({ party, calls }: House, routes: readonly string[]) {
    for (const [n, route] of routes.entries()) {
      const bell = party({ user: "8000" });
      await bell.authenticated("INVITE", "pw8000", { uri: foreign, callId: `call-${n}`, headers: { Route: route } });
      await bell.takeResponse(100);
      last(calls).reject(486);
    }
    return calls.length;
  }

  it("registers and calls under the domain that it knows", async () => {
    const { party, calls, endpoint } = await house();
    const bell = party({ user: "8000" });
    const headers = { Route: "<sip:10.0.0.1;lr>" };
    await bell.register("pw8000", { uri: "sip:telephony.example", headers });
    assert.equal(endpoint.location.contacts("8000").length, 1);
    await bell.authenticated("INVITE", "pw8000", { uri: foreign, headers, body: ["application/sdp", sdp(4000)] });
    await bell.takeResponse(100);
    assert.deepEqual([last(calls).dialled, last(calls).caller], ["100", { kind: "extension", number: "8000" }]);
    last(calls).reject(486);
  });

  it("may name our port, our realm, or us twice", async () => {
    const reached = await reach(await house({ realm: "bells.example" }), [
      "<sip:10.0.0.1:5060;lr>",
      "<sip:bells.example;lr>",
      "<sip:10.0.0.1;lr>, <sip:10.0.0.1;lr>",
    ]);
    assert.equal(reached, 3);
  });

  it("may be known to the bell by a name that nobody has told us", async () => {
    const reached = await reach(await house(), [
      "<sip:portero.fritz.box;lr>",
      "<sip:gate.example:5099;lr>, <sip:gate.example:5099;lr>",
      "<sip:gate.example;lr>, <sip:10.0.0.1;lr>",
    ]);
    assert.equal(reached, 3);
  });

  it("may be a strict router of old: us in the address, the destination last", async () => {
    const { party, calls } = await house();
    const bell = party({ user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { uri: "sip:10.0.0.1;lr", headers: { Route: `<${foreign}>` } });
    await bell.takeResponse(100);
    assert.equal(last(calls).dialled, "100");
    last(calls).reject(486);
  });

  it("still needs its password", async () => {
    const { party } = await house();
    const bell = party({ user: "8000" });
    bell.send(bell.request("INVITE", { uri: foreign, headers: { Route: "<sip:10.0.0.1;lr>" } }));
    await bell.takeResponse(401);
  });

  it("is refused where its Route leads on to others, and we say so", async () => {
    const { party, refusals, calls } = await house();
    for (const [n, route] of [
      "<sip:10.9.9.9;lr>",
      "<sip:10.0.0.1;lr>, <sip:10.9.9.9;lr>",
      "<sip:10.0.0.1:5070;lr>",
      "<sip:gate.example;lr>, <sip:pbx.example;lr>",
      "nonsense",
    ].entries()) {
      const bell = party({ user: "8000" });
      bell.send(bell.request("INVITE", { uri: foreign, callId: `call-${n}`, headers: { Route: route } }));
      await bell.takeResponse(403);
    }
    assert.match(
      refusals[0]?.text ?? "",
      /^INVITE from 10\.0\.0\.10:5060 refused: its Route leads to sip:10\.9\.9\.9;lr, and we are no proxy/,
    );
    assert.equal(calls.length, 0);
  });
});
