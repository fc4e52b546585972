// Codes, rights and relays in a flow: what the dialogs and messages ask for, and what opens then.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { codeWish } from "../../nodes/door-code/door-code.ts";
import { openingForm } from "../../nodes/door/opening.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import type { Opening } from "../../src/door/door.ts";
import { endpoint, Flow, frontdoor, sink } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

describe("what is asked of door-code", () => {
  const dialog = { action: "create", codeName: "courier", uses: "1", hours: "4", relays: "gate, door" } as const;

  it("is what the dialog says, and over that what the message says", () => {
    const usual = { name: "courier", uses: 1, hours: 4, relays: ["gate", "door"], replace: true };
    assert.deepEqual(codeWish({}, dialog), { action: "create", ...usual });
    const own = { action: "list", name: "Anna", hours: 8, days: ["mon"] };
    assert.deepEqual(codeWish({ code: own }, dialog), { ...usual, ...own });
    assert.equal(codeWish({ code: "0815" }, { action: "open" }).code, "0815");
    assert.deepEqual(codeWish({}, {}), { action: "create", replace: true });
  });

  it("is refused with a sentence that names the field", () => {
    const fault = (msg: Message, config = {}) => {
      try {
        return JSON.stringify(codeWish(msg, config));
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.match(
      fault({ code: { action: "open sesame" } }),
      /^door-code: msg.code: action must be one of create, revoke/,
    );
    assert.match(fault({ code: { colour: "red" } }), /colour is not known here/);
    assert.match(fault({}, { hours: "soon" }), /hours must be number/);
  });
});

describe("what a door's dialog says of its opening", () => {
  it("nothing where nothing is filled in, else lists as the door wants them", () => {
    const nothing = { openBy: undefined, openKey: undefined, codesFrom: undefined, relays: [], rights: [] };
    assert.deepEqual(openingForm({}, undefined), nothing);
    const right = { who: "extension", names: "6001, 6002", days: "mon,tue", from: "8:00", to: "18:00", relays: "" };
    assert.deepEqual(
      openingForm(
        {
          ...{
            openBy: "http",
            openKey: " 5 ",
            codesFrom: "",
            relays: [{ id: "gate", name: "", number: "2", key: "" }],
          },
          rights: [right],
        },
        '{"gate":"77"}',
      ),
      {
        ...{ openBy: "http", openKey: "5", codesFrom: undefined },
        relays: [{ id: "gate", name: "gate", number: "2", code: "77" }],
        rights: [
          {
            ...{ who: "extension", from: "8:00", to: "18:00" },
            ...{ names: ["6001", "6002"], relays: [], days: ["mon", "tue"] },
          },
        ],
      },
    );
    assert.throws(() => openingForm({}, "77"), /the stored digits of its relays cannot be read/);
  });
});

describe("Codes, rights and relays in a flow", () => {
  it("a code is made, listed without its digits, opens, is used up, revoked; its digits go no further", async () => {
    const node = (id: string, more: object) => ({
      id,
      type: "door-code",
      door: "door1",
      wires: [["out"], ["fail"]],
      ...more,
    });
    flow = await Flow.load(
      [
        endpoint,
        {
          ...frontdoor,
          relays: [
            { id: "door", name: "Door" },
            { id: "gate", name: "Gate" },
          ],
          rights: [{ who: "page", names: "anna" }],
        },
        node("codes", { codeName: "courier", uses: "1", hours: "4" }),
        node("typed", { action: "open", name: "keypad" }),
        { id: "open", type: "dtmf-out", door: "door1", relay: "gate", wires: [["out"], ["fail"]] },
        { id: "bell", type: "doorbell-sim", role: "bell", door: "door1" },
        ...[sink("out"), sink("fail")],
      ],
      { door1: { relayCodes: '{"gate":"77"}' } },
    );
    const here = flow;
    await here.node<EndpointNode>("ep").listening();
    await here.status("bell", ({ fill }) => fill === "green");
    const ask = async (id: string, msg: Message, to = "out"): Promise<Message> => {
      const answer = here.message(to);
      here.node(id).receive(msg);
      return answer;
    };
    const made = await ask("codes", { payload: 1 });
    const { code, name, uses } = made["payload"] as { code: string; name: string; uses: number };
    assert.deepEqual([made["event"], name, uses, /^\d{6}$/.test(code)], ["code-created", "courier", 1, true]);
    // The same again takes its place.
    const again = ((await ask("codes", {}))["payload"] as { code: string }).code;
    const listed = await ask("codes", { code: { action: "list" } });
    assert.deepEqual([listed["event"], (listed["payload"] as unknown[]).length], ["codes", 1]);
    assert.ok(!JSON.stringify(listed).includes(again));

    // What the dialog is shown: the digits of relays, and of a code that it makes.
    const opening = await here.admin.get("/portero/door/door1/opening");
    const created = await here.admin.post("/portero/door/door1/codes").send({ name: "Bert" });
    const shown = [opening, created].map(({ body, headers }) => [JSON.stringify(body), headers["cache-control"]]);
    assert.deepEqual(
      shown.map(([, cache]) => cache),
      ["no-store", "no-store"],
    );
    assert.match(shown.join(), /"gate":"77".*"code":"\d{6}"/);
    await here.admin.post("/portero/door/door1/codes/revoke").send({ name: "Bert" });

    const { switchboard } = here.node<EndpointNode>("ep");
    const ring = once(switchboard, "visit");
    await here.node<SimNode>("bell").press();
    await ring;
    const wrong = await ask("typed", { code: "000000" }, "fail");
    const { ok, refused, by } = wrong["payload"] as Opening;
    assert.deepEqual([ok, refused, by, wrong["event"]], [false, "wrong-code", "keypad", "refused"]);
    const opened = await ask("typed", { code: again });
    assert.deepEqual([opened["event"], opened["code"]], ["opened", undefined]);
    assert.deepEqual((opened["payload"] as Opening).as, { kind: "code", name: "courier" });
    assert.equal(((await ask("typed", { code: again }, "fail"))["payload"] as Opening).refused, "not-now");

    const flows = await ask("open", {}, "fail");
    const page = await ask("open", { as: { kind: "page", name: "Anna" } });
    assert.deepEqual([(flows["payload"] as Opening).refused, (page["payload"] as Opening).relay], ["no-right", "gate"]);
    const posing = await ask("open", { as: { kind: "code", name: "courier" } }, "fail");
    assert.match((posing["payload"] as Opening).reason, /msg.as: kind must be one of extension, account, page/);

    const revoked = await ask("codes", { code: { action: "revoke" } });
    assert.deepEqual([revoked["event"], switchboard.codes.list()], ["code-revoked", []]);
    const none = await ask("codes", { code: { action: "revoke", name: "Bert" } }, "fail");
    assert.match((none["payload"] as { reason: string }).reason, /there is no code "Bert" for this door/);
    assert.ok(!here.logged().join("\n").includes(again));
  });
});
