// A TCP connection that is cut in every state of a call: after each single message of it, before or after it has arrived.
// Both sides must learn of the call's end, and nothing may be left (RFC 3261 §18.4, §17).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd } from "../../src/sip/dialog/call.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { Secret } from "../../src/secret.ts";
import { house } from "./house.ts";
import { sdp } from "./party.ts";

type Story = "talks" | "busy" | "given up";

interface Tale {
  /** Messages that were sent in all. */
  readonly messages: number;
  readonly caller: CallEnd | undefined;
  readonly callee: CallEnd | undefined;
  readonly answered: boolean;
}

/**
 * Plays a call over TCP whose connections are cut at the nth message of all. Where nobody can be reached anew (a caller
 * behind NAT), the caller listens on no port that the server could connect to.
 */
async function play(story: Story, nth: number, when: "before" | "after", reachable: boolean): Promise<Tale> {
  const { clock, endpoint: server, network } = await house();
  let messages = 0;
  network.cuts = () => (++messages === nth ? when : undefined);
  const bell = new Endpoint({
    listeners: [{ transport: "tcp", address: "10.0.0.2", port: 5060 }],
    ...{ clock, listen: network.listen },
  });
  await bell.start();
  if (!reachable) network.unreachable.add("TCP 10.0.0.2:5060");
  let callee: CallEnd | undefined;
  let caller: CallEnd | undefined;
  let answered = false;
  server.on("call", (call) => {
    call.on("ended", (end) => (callee = end));
    call.on("info", (info) => info.reply(200));
    call.ring();
    clock.after(60_000, () => call.hangUp());
    clock.after(1_000, () => (story === "busy" ? call.reject(486) : call.answer(sdp(5000))));
  });
  const call = await bell.callUri("sip:100@10.0.0.1;transport=tcp", {
    ...{ from: { number: "8000", name: "Bell" }, sdp: sdp(4000) },
    credentials: { username: "8000", password: new Secret("pw8000") },
  });
  call.on("ended", (end) => (caller = end));
  call.on("answered", () => {
    answered = true;
    void call.info("application/dtmf", "1").then(() => clock.after(5_000, () => call.hangUp()));
  });
  if (story === "given up") clock.after(500, () => call.hangUp());
  // As a strategy does, and media that falls silent.
  clock.after(90_000, () => call.hangUp());
  await clock.advance(250_000);
  for (const endpoint of [server, bell]) {
    const what = `${story}, cut ${when} message ${nth}`;
    assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0], what);
  }
  assert.equal(clock.pending, 0);
  return { messages, caller, callee, answered };
}

describe("a call over TCP whose connection is cut", () => {
  for (const story of ["talks", "busy", "given up"] as const)
    for (const reachable of [true, false])
      it(`ends on both sides wherever that is (${story}${reachable ? "" : ", with a caller whom nobody can connect to"})`, async () => {
        const whole = await play(story, 0, "before", reachable);
        assert.ok(whole.messages >= 8 && whole.caller && whole.callee);
        for (let nth = 1; nth <= whole.messages; nth++)
          for (const when of ["before", "after"] as const) {
            const { caller, callee, answered } = await play(story, nth, when, reachable);
            const what = `${story}, cut ${when} message ${nth}: ${JSON.stringify({ caller, callee, answered })}`;
            assert.ok(caller, what);
            if (answered) assert.ok(callee, what);
            if (story === "busy") assert.equal(answered, false, what);
          }
      });
});
