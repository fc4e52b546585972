// The simulated bell against a bare SIP server on loopback.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { SimBell, SimPhone } from "../../src/sim/sim.ts";
import { FakeClock, settle } from "../support/clock.ts";
import { House } from "./house.ts";

let house: House;
afterEach(() => house.close());

const opened = async (clock?: FakeClock, transport?: "udp" | "tcp") =>
  (house = await new House(clock, transport).open("8000", "6001"));

describe("X9 a simulated bell registers", () => {
  for (const transport of ["udp", "tcp"] as const)
    it(`over ${transport.toUpperCase()}, and de-registers when it is closed`, async () => {
      await opened(undefined, transport);
      const bell = house.watch(new SimBell({ ...house.who("8000"), transport }));
      await bell.start();
      const { seconds } = await house.next(bell, "registered");
      assert.ok(seconds >= 60);
      const [contact] = house.endpoint.location.contacts("8000");
      assert.ok(contact?.uri.includes(`@${bell.address}`), contact?.uri);
      await bell.close();
      assert.equal(house.endpoint.location.contacts("8000").length, 0);
      await house.next(bell, "unregistered");
    });

  it("says in a sentence that its password is wrong, without the password", async () => {
    await opened();
    const bell = house.watch(new SimBell({ ...house.who("8000"), password: new Secret("guessed") }));
    await bell.start();
    const { reason, retrySeconds } = await house.next(bell, "refused");
    assert.match(reason, /wrong login or password for 8000/);
    assert.doesNotMatch(JSON.stringify(house.seen(bell)), /guessed/);
    assert.ok(retrySeconds > 0);
    assert.equal(bell.registered, false);
  });

  it("registers again when the server has forgotten it", async () => {
    const clock = new FakeClock();
    await opened(clock);
    const bell = house.watch(new SimBell({ ...house.who("8000"), clock }));
    await bell.start();
    await house.next(bell, "registered");
    house.endpoint.location.remove("8000");
    const again = new Promise((resolve) => house.endpoint.location.once("registered", resolve));
    await clock.advance(400_000);
    await again;
  });

  it("closes even while it is still opening", async () => {
    const clock = new FakeClock();
    await opened(clock);
    const bell = house.watch(new SimBell({ ...house.who("8000"), clock }));
    const starting = bell.start();
    await bell.close();
    await starting;
    await house.endpoint.close();
    assert.equal(clock.pending, 0);
  });

  it("says which port is taken, and leaves none open", async () => {
    await opened();
    const { port } = house.server;
    const bell = house.watch(new SimBell({ ...house.who("8000"), port }));
    await assert.rejects(bell.start(), /UDP port \d+ on 127\.0\.0\.1 is taken/);
    const probe = createServer().listen(port, "127.0.0.1");
    await once(probe, "listening");
    probe.close();
  });

  it("says where the server is that does not answer", async () => {
    const clock = new FakeClock();
    await opened(clock);
    const bell = house.watch(new SimBell({ ...house.who("8000"), clock }));
    await house.endpoint.close();
    await bell.start();
    await clock.advance(33_000);
    const { reason } = await house.next(bell, "failed");
    assert.match(reason, new RegExp(`bell 8000 cannot register at 127\\.0\\.0\\.1:${house.server.port || "\\d+"}`));
  });
});

describe("P11 a press makes an ordinary call", () => {
  it("to its own extension, or to the number it is given", async () => {
    await opened();
    const bell = house.watch(new SimBell({ ...house.who("8000"), name: "Garden gate" }));
    await bell.start();
    await house.next(bell, "registered");
    await bell.press();
    await house.next(bell, "ringing");
    const [call] = house.calls;
    assert.equal(call?.dialled, "8000");
    assert.equal(call.caller.number, "8000");
    assert.equal(call.remote?.name, "Garden gate");
    await bell.hangUp();
    assert.equal((await house.next(bell, "ended")).by, "local");
    await bell.press("6001");
    await house.next(bell, "ringing");
    assert.equal(house.calls[1]?.dialled, "6001");
  });

  it("refuses a second press while the first call lasts", async () => {
    await opened();
    const bell = house.watch(new SimBell(house.who("8000")));
    await bell.start();
    const first = bell.press();
    await assert.rejects(bell.press(), (error) => error instanceof PorteroError && error.code === "in-call");
    await first;
    await house.next(bell, "ringing");
    assert.equal(house.calls.length, 1);
  });

  it("X9 begins another one in a talk: whoever talked has gone", async () => {
    (await opened()).connect();
    const bell = house.watch(new SimBell({ ...house.who("8000"), dial: "6001" }));
    const phone = house.watch(new SimPhone({ ...house.who("6001"), answerAfterMs: 10 }));
    for (const one of [bell, phone]) {
      await one.start();
      await house.next(one, "registered");
    }
    await bell.press();
    await house.next(bell, "answered");
    await bell.press();
    assert.equal((await house.next(bell, "ended")).by, "local");
    assert.equal((await house.next(phone, "ended")).by, "remote");
    await house.next(bell, "answered");
    assert.equal(bell.state, "talking");
  });

  it("tells how the call ended: nobody there", async () => {
    (await opened()).connect();
    const bell = house.watch(new SimBell({ ...house.who("8000"), dial: "6001" }));
    await bell.start();
    await bell.press();
    const { status, answered, cause } = await house.next(bell, "ended");
    assert.deepEqual({ status, answered, cause }, { status: 480, answered: false, cause: 19 });
    assert.equal(bell.state, "idle");
  });
});

describe("P6 N5 the door code by SIP INFO", () => {
  const talking = async (options: Partial<ConstructorParameters<typeof SimBell>[0]> = {}) => {
    const clock = new FakeClock();
    (await opened(clock)).connect();
    const bell = house.watch(new SimBell({ ...house.who("8000"), dial: "6001", clock, ...options }));
    const phone = house.watch(new SimPhone({ ...house.who("6001"), clock }));
    await phone.start();
    await bell.start();
    await house.next(phone, "registered");
    await bell.press();
    await house.next(phone, "ringing");
    await phone.answer();
    await house.next(bell, "answered");
    const [call] = house.calls;
    assert.ok(call);
    const send = async (digits: string, kind: "dtmf-relay" | "dtmf" = "dtmf-relay") => {
      const statuses = [];
      for (const digit of digits)
        statuses.push(
          await (kind === "dtmf"
            ? call.info("application/dtmf", digit)
            : call.info("application/dtmf-relay", `Signal=${digit}\r\nDuration=160\r\n`)),
        );
      return statuses;
    };
    const states = () => house.seen(bell).flatMap((event) => (event.event === "relay" ? [event.state] : []));
    return { clock, bell, phone, call, send, states };
  };

  for (const kind of ["dtmf-relay", "dtmf"] as const)
    it(`pulses the relay for three seconds (application/${kind})`, async () => {
      const { clock, send, states } = await talking();
      assert.deepEqual(await send("123", kind), [200, 200, 200]);
      assert.deepEqual(states(), []);
      await send("4", kind);
      assert.deepEqual(states(), ["on"]);
      await clock.advance(2999);
      assert.deepEqual(states(), ["on"]);
      await clock.advance(1);
      assert.deepEqual(states(), ["on", "off"]);
    });

  it("takes a # after the code, and no second pulse within the first", async () => {
    const { clock, send, states } = await talking({ code: new Secret("77") });
    await send("77#77#");
    assert.deepEqual(states(), ["on"]);
    await clock.advance(3000);
    await send("77");
    assert.deepEqual(states(), ["on", "off", "on"]);
  });

  it("stays shut for a wrong code and for a code in two halves with a long pause", async () => {
    const { clock, send, states } = await talking();
    await send("4321");
    await send("12");
    await clock.advance(10_000);
    await send("34");
    assert.deepEqual(states(), []);
  });

  it("answers 415 to a body it was told not to take, 400 to one it cannot read", async () => {
    const { call, send, states } = await talking({ infoKinds: ["dtmf"] });
    assert.deepEqual(await send("1234"), [415, 415, 415, 415]);
    assert.equal(await call.info("application/dtmf", "open sesame"), 400);
    assert.equal(await call.info("text/plain", "1234"), 415);
    assert.deepEqual(states(), []);
  });

  it("opens by the digits of a simulated phone, put through by the server", async () => {
    const { clock, bell, phone, states } = await talking();
    const sent = phone.digits("12,34");
    for (let i = 0; i < 40; i++) await clock.advance(50);
    await sent;
    assert.deepEqual(states().slice(0, 1), ["on"]);
    assert.equal((await house.next(bell, "dtmf")).by, "dtmf-relay");
  });

  it("closes the relay when it is switched off, and leaves no timer", async () => {
    const { clock, bell, phone, send, states } = await talking();
    await send("1234");
    await bell.close();
    assert.deepEqual(states(), ["on", "off"]);
    await house.next(phone, "ended");
    await phone.close();
    await settle();
    await house.endpoint.close();
    assert.equal(clock.pending, 0);
  });
});
