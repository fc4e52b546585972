// Calls from extension to extension: in which order things leave.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import { Desk } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

describe("a call from phone to phone", () => {
  it("H4 all phones' INVITEs leave before it is told that it rings, and 180 takes the place of 100", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const caller = await desk.phone("6001");
    const both = { extension: "6002", name: "6002", password: new Secret("pw6002"), maxContacts: 2 };
    desk.switchboard.addExtension(both, "6002");
    await desk.phone("6002");
    await desk.phone("6002");
    const { trace } = desk.switchboard.endpoint;
    const before = trace.latest;
    const sent = () =>
      trace
        .entries(before)
        .filter(({ direction }) => direction === "out")
        .map(({ data }) => data.toString().split(" ", 2).join(" "))
        .filter((start) => !start.endsWith(" 401"));
    await caller.dial("6002");
    const told = sent().map((start) => start.replace(/ sip:.*/, ""));
    assert.deepEqual(told, ["INVITE", "INVITE", "SIP/2.0 180"]);
  });

  for (const reason of [completedElsewhere, undefined])
    it(`X4 that is taken back tells why where it is told why itself: ${reason ?? "nothing"}`, async () => {
      const desk = await Desk.open();
      desks.push(desk);
      const [caller, phone] = [await desk.phone("6001"), await desk.phone("6002")];
      const invite = await caller.dial("6002");
      phone.party.respond(await phone.party.takeRequest("INVITE"), 180);
      await phone.party.settle();
      const { callId } = caller;
      const cancel = { to: "6002", callId, seq: invite.cseq?.number ?? 0, via: invite.get("via") ?? "" };
      caller.party.send(caller.party.request("CANCEL", { ...cancel, ...(reason && { headers: { Reason: reason } }) }));
      assert.equal((await phone.party.takeRequest("CANCEL")).get("reason"), reason);
    });
});
