// The endpoint's tab "Security": settings and their sentences; bans in the registrar, its messages, and the dialog's routes.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { endpointOptions, type EndpointConfig } from "../../nodes/sip-endpoint/settings.ts";
import { registrarCommand } from "../../nodes/sip-registrar/sip-registrar.ts";
import type { Message } from "../../nodes/red.d.ts";
import { checkGuard } from "../../src/sip/guard/settings.ts";
import type { BanView } from "../../src/visit/guarding.ts";
import { endpoint, Flow, sink, type FlowNode } from "./flow.ts";

const optionsOf = (fields: Partial<EndpointConfig>) =>
  endpointOptions({ id: "e", type: "sip-endpoint", ...fields }, {}).sip;

describe("the tab Security of sip-endpoint", () => {
  it("means the guard's defaults, and MD5, where all is blank", () => {
    const { guard, algorithms } = optionsOf({});
    assert.deepEqual(guard, checkGuard({}));
    assert.equal(algorithms, undefined);
    const blank = { callers: " ", others: "", banAnswers: "", exempt: "", scanners: "" } as const;
    assert.deepEqual(optionsOf({ ...blank, algorithms: "" }).guard, guard);
  });

  it("A8 reads lists of callers, one a line or with commas", () => {
    const { callers } = checkGuard(
      optionsOf({ callers: "192.168.1.0/24\n 2001:db8::/32\n", callerNumbers: "503, 6001", others: "forbidden" }).guard,
    );
    assert.deepEqual(callers, {
      ...{ networks: ["192.168.1.0/24", "2001:db8::/32"], numbers: ["503", "6001"], others: "forbidden" },
    });
  });

  it("reads limits, bans and exceptions", () => {
    const fields = { banAnswers: "5", banWithin: "2", banMinutes: "30", banLongest: "60", perSource: "50" };
    const guard = checkGuard(optionsOf({ ...fields, exempt: "10.0.0.0/8", scanners: "answer" }).guard);
    assert.deepEqual(guard.bans, { answers: 5, within: 2, minutes: 30, longest: 60 });
    assert.deepEqual(
      [guard.limits.perSource, guard.limits.strangers, guard.exempt, guard.scanners],
      [50, 2000, ["10.0.0.0/8"], "answer"],
    );
    assert.equal(checkGuard(optionsOf({ banAnswers: "0" }).guard).bans.answers, 0);
    assert.deepEqual(checkGuard(optionsOf({ exempt: "none" }).guard).exempt, []);
  });

  it("offers MD5 and SHA-256 in the order that is set", () => {
    assert.deepEqual(optionsOf({ algorithms: "SHA-256,MD5" }).algorithms, ["SHA-256", "MD5"]);
    assert.deepEqual(optionsOf({ algorithms: "MD5,SHA-256" }).algorithms, ["MD5", "SHA-256"]);
  });

  const wrong: [Partial<EndpointConfig>, RegExp][] = [
    [{ callers: "192.168.1.0/24\nkitchen" }, /who may call: "kitchen" is no IP address and no network: write 192/],
    [{ callers: "192.168.1.0/33" }, /who may call: "192\.168\.1\.0\/33" must have a number from 0 to 32/],
    [{ callerNumbers: "503 60'01" }, /callers\.numbers\.1 has the wrong form \(it is "60'01"\)/],
    [{ exempt: "10.0.0.5:5060" }, /exempt: "10\.0\.0\.5:5060" has a port: leave it away/],
    [{ banAnswers: "many" }, /bans\.answers must be integer \(it is "many"\)/],
    [{ banMinutes: "0" }, /bans\.minutes must be >= 1 \(it is 0\)/],
    [{ perSource: "0.5" }, /limits\.perSource must be/],
    [{ algorithms: "SHA-1" }, /the digest is MD5, SHA-256 or both, not "SHA-1"/],
  ];
  for (const [fields, says] of wrong)
    it(`says what is wrong with ${JSON.stringify(fields)}`, () => assert.throws(() => optionsOf(fields), says));
});

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

describe("bans in a flow", () => {
  // One wrong answer bans, also this machine.
  const strict: FlowNode = { ...endpoint, exempt: "none", banAnswers: "1" };
  const registrar = {
    ...{ id: "registrar", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] },
    wires: [["registered"], [], ["refused"]],
  };
  const nodes = [strict, registrar, sink("registered"), sink("refused")];
  const phone = { id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001", wires: [[]] };

  /** A flow whose phone has a wrong password and is banned for it. */
  async function banned(): Promise<[Flow, Message]> {
    flow = await Flow.load(nodes);
    const told = flow.message("refused", ({ event }) => event === "banned");
    await flow.deploy([...nodes, phone], "nodes", { phone: { password: "wrong" } });
    return [flow, await told];
  }

  it("are told by the output refused, in the registrar's status and in the log", async () => {
    const [loaded, { event, topic, payload }] = await banned();
    const { text, address } = payload as BanView;
    assert.deepEqual([event, topic, address], ["banned", "127.0.0.1/banned", "127.0.0.1"]);
    assert.equal(text, "127.0.0.1 is banned for 1 h: 1 wrong password for 6001");
    await loaded.status("registrar", (look) => look.fill === "red" && look.text === text);
    assert.ok(loaded.logged().some((line) => line.includes(text)));
  });

  it("are listed and lifted by message; the device registers then, if its password is right by now", async () => {
    const [loaded] = await banned();
    const listed = loaded.message("registered", ({ event }) => event === "bans");
    loaded.node("registrar").receive({ topic: "bans" });
    assert.deepEqual(
      ((await listed).payload as BanView[]).map(({ address }) => address),
      ["127.0.0.1"],
    );
    const lifted = loaded.message("refused", ({ event }) => event === "lifted");
    loaded.node("registrar").receive({ payload: { action: "lift", address: "127.0.0.1" } });
    const { reason, text } = (await lifted).payload as BanView & { reason: string };
    assert.deepEqual([reason, text], ["lifted", "127.0.0.1 is heard again: its ban was lifted"]);
    const registered = loaded.message("registered", ({ event }) => event === "registered");
    await loaded.deploy([...nodes, { ...phone, name: "put right" }], "nodes", { phone: { password: "" } });
    await registered;
    loaded.node("registrar").receive({ payload: { action: "lift", address: "127.0.0.1" } });
    await loaded.status("registrar", ({ text }) => text === "127.0.0.1 is not banned");
  });

  it("are listed and lifted in the dialog of the endpoint", async () => {
    const [{ admin }] = await banned();
    const bansIn = ({ status, body }: { status: number; body: unknown }) => [
      status,
      (body as { bans: BanView[] }).bans.map(({ address }) => address),
    ];
    assert.deepEqual(bansIn(await admin.get("/portero/bans/ep")), [200, ["127.0.0.1"]]);
    assert.deepEqual(await said(admin.post("/portero/bans/ep/lift?address=hall")), [
      400,
      'lift: "hall" is no IP address',
    ]);
    assert.deepEqual(bansIn(await admin.post("/portero/bans/ep/lift?address=127.0.0.1")), [200, []]);
    // Two open dialogs: what another has lifted is lifted.
    assert.deepEqual(bansIn(await admin.post("/portero/bans/ep/lift?address=127.0.0.1")), [200, []]);
    for (const answer of [admin.get("/portero/bans/nobody"), admin.post("/portero/bans/nobody/lift?address=all")])
      assert.deepEqual(await said(answer), [404, "deploy the endpoint first"]);
  });

  async function said(answer: Promise<{ status: number; body: unknown }>): Promise<[number, string]> {
    const { status, body } = await answer;
    return [status, (body as { reason: string }).reason.replace(/ and no network.*$/, "")];
  }

  it("are commands of the registrar: what a command lacks is said", () => {
    assert.deepEqual(registrarCommand({ topic: "bans" }), { action: "bans" });
    assert.deepEqual(registrarCommand({ payload: { action: "lift", address: "10.0.0.5" } }), {
      ...{ action: "lift", address: "10.0.0.5" },
    });
    assert.deepEqual(registrarCommand({ topic: "lift", payload: "all" }), { action: "lift", address: "all" });
    assert.throws(() => registrarCommand({ topic: "lift" }), /lift: which address, or "all"\?/);
  });
});
