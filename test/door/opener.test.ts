import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { DoorOpener, type Opening } from "../../src/door/opener.ts";
import type { Means } from "../../src/door/means.ts";
import { checkDoor } from "../../src/door/settings.ts";
import { sendDigits, usualTiming, type SendDigit } from "../../src/dtmf.ts";
import { tryAgain } from "../../src/errors.ts";
import { HttpClient } from "../../src/http.ts";
import { FakeClock, settle } from "../support/clock.ts";

const form = { id: "front", name: "Frontdoor", preset: "generic", extension: "503", password: "pw", code: "9876" };

/** A bell that answers each INFO with the next status of `answers` (200 when there is none left) and keeps what came. */
function bell(clock: FakeClock, ...answers: (number | Error | "never")[]) {
  const got: { kind: string; digit: string; ms: number; at: number }[] = [];
  const began = clock.now();
  const send: SendDigit = (kind, digit, { durationMs: ms }) => {
    got.push({ kind, digit, ms, at: clock.now() - began });
    const answer = answers.shift() ?? 200;
    if (answer === "never") return new Promise(() => {});
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const sendDigitsTo: NonNullable<Means["sendDigits"]> = (code) =>
    sendDigits(clock, code, ["info", "info-dtmf"], usualTiming, send);
  return { got, sendDigits: sendDigitsTo, digits: () => got.map(({ digit }) => digit).join("") };
}

async function opened(clock: FakeClock, opening: Promise<Opening>, ms = 60_000): Promise<Opening> {
  await clock.advance(ms);
  return opening;
}

describe("X5, P11 opening by DTMF", () => {
  it("sends the code digit by digit, in the preset's way, with the tone's length and the gap between", async () => {
    const clock = new FakeClock();
    const door = checkDoor({ ...form, code: "1#2" });
    const { got, sendDigits } = bell(clock);
    const opening = await opened(
      clock,
      new DoorOpener({ clock }).open(door, { door: "front", by: "6001" }, { sendDigits }),
    );
    assert.deepEqual(
      got.map(({ kind, digit, ms, at }) => [kind, digit, ms, at]),
      [
        ["info", "1", 160, 0],
        ["info", "#", 160, 260],
        ["info", "2", 160, 520],
      ],
    );
    const { id, ts, ...rest } = opening;
    assert.ok(id.length > 10 && ts === clock.now() - 60_000);
    assert.deepEqual(rest, {
      door: "front",
      by: "6001",
      ok: true,
      method: "dtmf-info",
      reason: "opened by DTMF (INFO application/dtmf-relay)",
      ms: 520,
    });
  });

  it("waits 500 ms for each comma", async () => {
    const clock = new FakeClock();
    const { got, sendDigits } = bell(clock);
    const door = checkDoor({ ...form, code: "1,,2" });
    await opened(clock, new DoorOpener({ clock }).open(door, { door: "front", by: "x" }, { sendDigits }));
    assert.deepEqual(
      got.map(({ digit, at }) => [digit, at]),
      [
        ["1", 0],
        ["2", 1260],
      ],
    );
  });

  for (const status of [405, 415, 501])
    it(`takes the other body after ${status}, for the whole code`, async () => {
      const clock = new FakeClock();
      const { got, sendDigits } = bell(clock, status);
      const door = checkDoor({ ...form, code: "12" });
      const opening = await opened(
        clock,
        new DoorOpener({ clock }).open(door, { door: "front", by: "x" }, { sendDigits }),
      );
      assert.deepEqual(
        got.map(({ kind, digit }) => [kind, digit]),
        [
          ["info", "1"],
          ["info-dtmf", "1"],
          ["info-dtmf", "2"],
        ],
      );
      assert.deepEqual([opening.ok, opening.reason], [true, "opened by DTMF (INFO application/dtmf)"]);
    });

  it("stops where a digit is refused after others were taken, without a second body", async () => {
    const clock = new FakeClock();
    const { digits, sendDigits } = bell(clock, 200, 415);
    const opening = await opened(
      clock,
      new DoorOpener({ clock }).open(checkDoor(form), { door: "front", by: "x" }, { sendDigits }),
    );
    assert.equal(digits(), "98");
    assert.deepEqual([opening.ok, opening.method], [false, "dtmf-info"]);
    assert.match(opening.reason, /took the beginning of the code and then answered 415/);
  });

  it("does not hang on a bell that never answers", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { sendDigits } = bell(clock, "never");
    const opening = await opened(clock, opener.open(checkDoor(form), { door: "front", by: "x" }, { sendDigits }));
    assert.match(opening.reason, /did not answer the DTMF code \(no answer\)/);
    const again = await opened(clock, opener.open(checkDoor(form), { door: "front", by: "x" }, { sendDigits }));
    assert.equal(again.ok, true);
    assert.equal(clock.pending, 0);
  });

  it("says what to do when there is neither a call nor a relay", async () => {
    const clock = new FakeClock();
    const opening = await new DoorOpener({ clock }).open(checkDoor(form), { door: "front", by: "x" }, {});
    assert.equal(opening.ok, false);
    assert.equal(opening.method, undefined);
    assert.match(
      opening.reason,
      /no call with the door is up \(answer the bell first\), and its preset knows no HTTP relay/,
    );
    const bare = await new DoorOpener({ clock }).open(
      checkDoor({ ...form, code: "" }),
      { door: "front", by: "x" },
      bell(clock),
    );
    assert.match(bare.reason, /the door has no DTMF code \(enter it in the door's form\)/);
  });

  it("P7 keeps the code out of every reason, whatever goes wrong", async () => {
    const wrong = [
      403,
      408,
      481,
      500,
      603,
      new Error("digit 9 of 9876"),
      tryAgain("call-over", "digit 9 of 9876 failed"),
    ];
    for (const answer of wrong) {
      const clock = new FakeClock();
      const said: string[] = [];
      const note = (text: string) => said.push(text);
      const log = { debug: note, info: note, warn: note, error: note };
      const opener = new DoorOpener({ clock, log });
      const opening = await opened(
        clock,
        opener.open(checkDoor(form), { door: "front", by: "x" }, bell(clock, answer)),
      );
      assert.equal(opening.ok, false);
      assert.equal(said.length, 1);
      assert.doesNotMatch(JSON.stringify(opening) + said.join(), /9876|digit 9/, String(answer));
    }
  });
});

describe("X5 opening by the relay's HTTP call", () => {
  const client = new HttpClient();
  after(() => client.close());
  const door = checkDoor({
    ...form,
    preset: "2n",
    address: "door.test",
    cameraUsername: "api",
    cameraPassword: "geheim",
  });

  /** Serves on loopback what the door's address promises. */
  async function relay(answer: RequestListener) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      answer(request, response);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const http: Means["http"] = {
      request: (r) => client.request({ ...r, url: r.url.replace("https://door.test", origin) }),
    };
    return { asked, http, [Symbol.dispose]: () => server.close() };
  }
  const yes: RequestListener = ({ url = "" }, response) =>
    response.end(
      `{ "success" : true${url.includes("status") ? ', "result": { "switches": [{ "active": true }] }' : ""} }`,
    );
  const open = async (means: Means, clock = new FakeClock()) =>
    new DoorOpener({ clock }).open(door, { door: "front", by: "x" }, means);

  it("is taken when no call stands, with the camera's account", async () => {
    using server = await relay((request, response) => {
      const auth = request.headers.authorization;
      if (auth === `Basic ${Buffer.from("api:geheim").toString("base64")}`) return yes(request, response);
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="2N"' }).end();
    });
    const { ok, method, reason } = await open({ http: server.http });
    assert.deepEqual([ok, method, reason], [true, "http", "opened by the relay's HTTP call, and confirmed"]);
    assert.deepEqual(
      new Set(server.asked),
      new Set(["GET /api/switch/ctrl?switch=1&action=trigger", "GET /api/switch/status?switch=1"]),
    );
  });

  it("is taken when the door refuses both bodies of INFO", async () => {
    using server = await relay(yes);
    const clock = new FakeClock();
    const { digits, sendDigits } = bell(clock, 405, 405);
    const opening = await open({ sendDigits, http: server.http }, clock);
    assert.deepEqual([opening.ok, opening.method], [true, "http"]);
    assert.equal(digits(), "99");
  });

  for (const [what, answers] of [
    ["the code was taken", [200]],
    ["a digit was taken and the next refused", [200, 500]],
    ["nobody knows whether a digit arrived", [408]],
    ["a proxy does not know it", [504]],
    ["the call broke while a digit was on its way", [tryAgain("gone", "gone")]],
  ] as const)
    it(`is never taken when ${what}: a bistable relay would toggle twice`, async () => {
      using server = await relay(yes);
      const clock = new FakeClock();
      const opener = new DoorOpener({ clock });
      const means = { ...bell(clock, ...answers), http: server.http };
      const opening = await opened(clock, opener.open(door, { door: "front", by: "x" }, means));
      assert.equal(opening.method, "dtmf-info");
      assert.deepEqual(server.asked, []);
    });

  describe("X5 in the order of the door's plan", () => {
    const planned = async (openBy: string, means: Means, clock = new FakeClock()) => {
      const one = checkDoor({ ...form, preset: "2n", address: "door.test", openBy });
      return opened(clock, new DoorOpener({ clock }).open(one, { door: "front", by: "x" }, means));
    };
    const no: RequestListener = (_, response) => response.end('{"success":false,"error":{"code":12}}');

    it("by HTTP first, and by DTMF only after the device said that it did nothing", async () => {
      for (const [answer, method, digits] of [
        [yes, "http", ""],
        [no, "dtmf-info", "9876"],
        [((_, response) => response.writeHead(404).end()) as RequestListener, "dtmf-info", "9876"],
        [((_, response) => response.writeHead(500).end()) as RequestListener, "http", ""],
      ] as const) {
        using server = await relay(answer);
        const clock = new FakeClock();
        const way = bell(clock);
        const started = planned("http-dtmf", { ...way, http: server.http }, clock);
        assert.deepEqual([(await started).method, way.digits()], [method, digits]);
      }
    });

    it("by one alone, and says so where that cannot be", async () => {
      using server = await relay(yes);
      const clock = new FakeClock();
      const way = bell(clock, 405, 405);
      const byDtmf = await planned("dtmf", { ...way, http: server.http }, clock);
      assert.deepEqual([byDtmf.ok, byDtmf.method, server.asked], [false, "dtmf-info", []]);
      const without = await planned("dtmf", { http: server.http });
      assert.deepEqual(
        [without.refused, /no call with the door is up.*nothing else may open it/.test(without.reason)],
        ["no-means", true],
      );
      assert.equal((await planned("http", { ...way, http: server.http })).method, "http");
      assert.match((await planned("http", way)).reason, /no HTTP client is at hand, and nothing else may open it/);
    });

    it("a bell that rings is not answered for DTMF while HTTP can open it", async () => {
      const clock = new FakeClock();
      using server = await relay(yes);
      const way = { ...bell(clock), answersFirst: true };
      assert.equal((await planned("auto", { ...way, http: server.http }, clock)).method, "http");
      using refusing = await relay(no);
      const opening = await planned("auto", { ...way, http: refusing.http }, clock);
      assert.deepEqual([opening.ok, opening.method, way.digits()], [true, "dtmf-info", "9876"]);
    });

    it("what opened after the other was refused goes first the next time", async () => {
      using server = await relay(yes);
      const clock = new FakeClock();
      const steps = new Map<string, "dtmf" | "http">();
      const learned = {
        of: (id: string) => steps.get(id),
        learn: (id: string, step: "dtmf" | "http") => void steps.set(id, step),
      };
      const opener = new DoorOpener({ clock, learned });
      const way = bell(clock, 405, 405);
      const means = { ...way, http: server.http };
      for (let time = 0; time < 2; time++)
        assert.equal((await opened(clock, opener.open(door, { door: "front", by: "x" }, means), 1_000)).method, "http");
      assert.deepEqual([way.digits(), [...steps]], ["99", [["front", "http"]]]);
    });

    it("what failed after the other was refused goes first no time", async () => {
      using server = await relay((_, response) => response.writeHead(500).end());
      const clock = new FakeClock();
      const opener = new DoorOpener({ clock });
      const way = bell(clock, 405, 405, 405, 405);
      const means = { ...way, http: server.http };
      for (let time = 0; time < 2; time++)
        assert.equal((await opened(clock, opener.open(door, { door: "front", by: "x" }, means), 1_000)).ok, false);
      assert.equal(way.digits(), "9999");
    });

    it("moves the relay that was asked for, by its digits and its number", async () => {
      const gates = checkDoor({
        ...{ ...form, preset: "2n", address: "door.test" },
        relays: [
          { id: "door", name: "Door" },
          { id: "gate", name: "Gate", number: "4", code: "77" },
        ],
      });
      const clock = new FakeClock();
      const opener = new DoorOpener({ clock });
      const open = (wish: string | undefined, means: Means) =>
        opened(
          clock,
          opener.open(gates, { door: "front", by: "x", ...(wish === undefined ? {} : { relay: wish }) }, means),
          20_000,
        );
      using server = await relay(yes);
      assert.equal((await open("gate", { http: server.http })).relay, "gate");
      assert.deepEqual(server.asked, [
        "GET /api/switch/ctrl?switch=4&action=trigger",
        "GET /api/switch/status?switch=4",
      ]);
      const way = bell(clock);
      assert.equal((await open("gate", way)).ok, true);
      assert.equal((await open(undefined, way)).relay, "door");
      assert.equal(way.digits(), "779876");
      const unknown = await open("light", way);
      assert.deepEqual([unknown.refused, unknown.relay], ["unknown-relay", "light"]);
      assert.match(unknown.reason, /Frontdoor has no relay "light": it has door, gate/);
    });
  });

  it("believes the device's own word, not the 200", async () => {
    using server = await relay((_, response) => response.end('{"success":false,"error":{"code":10}}'));
    const { ok, reason } = await open({ http: server.http });
    assert.equal(ok, false);
    assert.match(reason, /the intercom refuses: give the account the rights for switch control/);
  });

  it("says what a refusal or an absent device means, without the password", async () => {
    using refusing = await relay((_, response) =>
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="2N"' }).end(),
    );
    using broken = await relay((_, response) => response.writeHead(500).end());
    assert.match((await open({ http: refusing.http })).reason, /does not accept the user name or password/);
    assert.match((await open({ http: broken.http })).reason, /answered HTTP 500/);
    const gone = await relay(yes);
    gone[Symbol.dispose]();
    const opening = await open({ http: gone.http });
    assert.match(opening.reason, /refused the connection/);
    assert.doesNotMatch(opening.reason, /geheim/);
  });
});

describe("X6 one hand on the door", () => {
  it("refuses a second opening while one is under way", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { digits, sendDigits } = bell(clock);
    const first = opener.open(checkDoor(form), { door: "front", by: "a" }, { sendDigits });
    await settle();
    const second = await opener.open(checkDoor(form), { door: "front", by: "b" }, { sendDigits });
    assert.deepEqual([second.ok, second.by], [false, "b"]);
    assert.match(second.reason, /under way: wait for its result/);
    const other = opener.open(checkDoor({ ...form, id: "back" }), { door: "back", by: "b" }, bell(clock));
    assert.equal((await opened(clock, first)).ok, true);
    assert.equal((await other).ok, true);
    assert.equal(digits(), "9876");
  });

  it("opens once for the same id, and gives the first answer to the others, at once and later", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { digits, sendDigits } = bell(clock);
    const request = { door: "front", by: "mqtt", id: "wish-1" };
    const both = [1, 2].map(() => opener.open(checkDoor(form), request, { sendDigits }));
    await clock.advance(60_000);
    const [first, second] = await Promise.all(both);
    assert.deepEqual(first, second);
    assert.deepEqual(await opener.open(checkDoor(form), request, { sendDigits }), first);
    assert.equal(digits(), "9876");
  });

  it("knows the id for ten minutes, and opens anew for it then", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { digits, sendDigits } = bell(clock);
    const door = checkDoor({ ...form, code: "1" });
    const open = (ms: number) =>
      opened(clock, opener.open(door, { door: "front", by: "mqtt", id: "wish-1" }, { sendDigits }), ms);
    const first = await open(599_999);
    assert.deepEqual(await open(1), first);
    assert.notDeepEqual(await open(1_000), first);
    assert.equal(digits(), "11");
  });

  it("opens once for the same id, and three times a minute, though the clock is set meanwhile", async () => {
    for (const leap of [3_600_000, -86_400_000]) {
      const clock = new FakeClock();
      const opener = new DoorOpener({ clock });
      const { digits, sendDigits } = bell(clock);
      const open = (id: string) =>
        opened(
          clock,
          opener.open(checkDoor({ ...form, code: "1" }), { door: "front", by: "mqtt", id }, { sendDigits }),
          1_000,
        );
      const first = await open("wish-1");
      clock.set(clock.now() + leap);
      assert.deepEqual(await open("wish-1"), first);
      const { ok, ms } = await open("wish-2");
      assert.ok(ok && ms < 1_000);
      await open("wish-3");
      clock.set(clock.now() + leap);
      assert.equal((await open("wish-4")).refused, "too-many");
      assert.equal(digits(), "111");
    }
  });

  it("opens three times a minute and not a fourth time", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { digits, sendDigits } = bell(clock);
    const open = () =>
      opened(clock, opener.open(checkDoor({ ...form, code: "1" }), { door: "front", by: "x" }, { sendDigits }), 5_000);
    const four = [await open(), await open(), await open(), await open()];
    assert.deepEqual(
      four.map(({ ok }) => ok),
      [true, true, true, false],
    );
    assert.match(four[3]?.reason ?? "", /opened 3 times within a minute already: try again in 45 s/);
    await clock.advance(40_000);
    assert.equal((await open()).ok, true);
    assert.equal(digits(), "1111");
  });

  it("counts for each who asks: whoever opens again and again, a loop in a flow too, takes nothing from others", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { sendDigits } = bell(clock);
    const door = checkDoor({ ...form, code: "1" });
    const open = async (by: string, kind: "flow" | "extension") => {
      const as = { kind, name: by };
      return (await opened(clock, opener.open(door, { door: "front", by, as }, { sendDigits }), 1_000)).ok;
    };
    const loop = [await open("a", "flow"), await open("b", "flow"), await open("c", "flow"), await open("d", "flow")];
    assert.deepEqual(loop, [true, true, true, false]);
    const one = await Promise.all([1, 2, 3, 4].map(() => open("6001", "extension")));
    assert.deepEqual(one.filter((ok) => ok).length, 1, "of several at once it is one");
    assert.deepEqual([await open("6001", "extension"), await open("6001", "extension")], [true, true]);
    assert.deepEqual([await open("6001", "extension"), await open("6002", "extension")], [false, true]);
  });

  it("counts for each relay: who has opened the door three times may still open the gate", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { sendDigits } = bell(clock);
    const relays = ["door", "gate"].map((id) => ({ id, name: id, code: "1" }));
    const open = async (relay: string) => {
      const request = { door: "front", by: "x", relay };
      return (await opened(clock, opener.open(checkDoor({ ...form, relays }), request, { sendDigits }), 1_000)).ok;
    };
    const all = ["door", "door", "door", "door", "gate"];
    const went: boolean[] = [];
    for (const relay of all) went.push(await open(relay));
    assert.deepEqual(went, [true, true, true, false, true]);
  });

  it("does not count where the door certainly did nothing, and counts where it may have", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { sendDigits } = bell(clock, ...Array<number>(10).fill(481), 408, 408, 408);
    const door = checkDoor({ ...form, code: "1" });
    const open = () => opened(clock, opener.open(door, { door: "front", by: "x" }, { sendDigits }), 1_000);
    for (let i = 0; i < 10; i++) assert.match((await open()).reason, /is over \(481\)/);
    for (let i = 0; i < 3; i++) assert.match((await open()).reason, /did not answer/);
    assert.equal((await open()).refused, "too-many");
  });

  it("opens again after a minute, though the clock was set back by an hour meanwhile", async () => {
    const clock = new FakeClock();
    const opener = new DoorOpener({ clock });
    const { sendDigits } = bell(clock);
    const door = checkDoor({ ...form, code: "1" });
    const open = () => opened(clock, opener.open(door, { door: "front", by: "x" }, { sendDigits }), 1_000);
    for (let i = 0; i < 3; i++) assert.equal((await open()).ok, true);
    clock.set(clock.now() - 3_600_000);
    await clock.advance(60_000);
    assert.equal((await open()).ok, true);
  });
});
