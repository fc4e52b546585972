// An account through the nodes: the provider is a second endpoint of the same flow.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { accountForm, type AccountConfig, type Surroundings } from "../../nodes/sip-account/sip-account.ts";
import type { Message } from "../../nodes/red.d.ts";
import { PorteroError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { freePorts } from "../support/ports.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

interface Status {
  state: string;
  text?: string;
}

const isRegistered = (look: { fill?: string }) => look.fill === "green";
const accountOf = (msg: Message) => (msg.payload as { account?: string }).account;

function nodes(port: number, account: object = {}): FlowNode[] {
  return [
    endpoint,
    frontdoor,
    { ...endpoint, id: "there", port: String(port) },
    {
      ...{ id: "acc", type: "sip-account", name: "Provider", endpoint: "ep" },
      ...{ server: "127.0.0.1", port: String(port), user: "6100", ...account },
    },
    {
      ...{ id: "registrar", type: "sip-registrar", endpoint: "ep", extensions: [] },
      wires: [["registered"], ["unregistered"], []],
    },
    {
      ...{ id: "provider", type: "sip-registrar", endpoint: "there", wires: [["arrived"], ["left"], ["turned"]] },
      extensions: [{ number: "6100" }, { number: "0301" }],
    },
    { id: "bell", type: "doorbell-sim", role: "bell", door: "door1" },
    {
      ...{ id: "mobile", type: "doorbell-sim", role: "phone", endpoint: "there", extension: "0301" },
      ...{ autoAnswer: true, answerAfter: "0.1" },
    },
    { id: "in", type: "doorbell-in", door: "door1", wires: [["dial"], [], [], []] },
    {
      ...{ id: "dial", type: "dial-strategy", strategy: "ring-all", targets: ["0301@provider"], seconds: "10" },
      wires: [["answered"], [], []],
    },
    ...["registered", "unregistered", "arrived", "left", "turned", "answered"].map(sink),
  ];
}

/** Asks as the dialog does, until it is as wanted; each question takes its time. */
async function dialogSays(f: Flow, wanted: (status: Status) => boolean): Promise<Status> {
  for (let n = 0; n < 2000; n++) {
    const { body } = await f.admin.get("/portero/account/acc");
    if (wanted(body as Status)) return body as Status;
  }
  return assert.fail("the account's status is not as wanted");
}

async function load(account: object = {}): Promise<{ flow: Flow; deployed: FlowNode[] }> {
  const [port = 0] = await freePorts(1);
  const deployed = nodes(port, account);
  flow = await Flow.load(deployed);
  return { flow, deployed };
}

describe("A3, N8 sip-account", () => {
  it("registers, tells the flow and its dialog, and carries a call as the last step (N9)", async () => {
    const { flow: f, deployed } = await load();
    assert.deepEqual(await dialogSays(f, ({ state }) => state === "registered"), {
      ...{ account: "provider", label: "Provider", server: "127.0.0.1", state: "registered", second: false },
    });
    const told = f.message("registered", (msg) => accountOf(msg) === "provider");
    await f.deploy(
      deployed.map((node) => (node.id === "acc" ? { ...node, expires: "200" } : node)),
      "nodes",
    );
    assert.deepEqual([(await told).topic, (await told)["event"]], ["provider/registered", "registered"]);
    await f.status("bell", isRegistered);
    await f.status("mobile", isRegistered);
    const answered = f.message("answered");
    f.node("bell").receive({ payload: "press" });
    assert.equal(((await answered).payload as { by: string }).by, "0301@provider");
  });

  it("says in the registrar's status, its message and the dialog why it is not registered", async () => {
    const { flow: f, deployed } = await load();
    await dialogSays(f, ({ state }) => state === "registered");
    await f.deploy(deployed, "full", { acc: { password: "wrong" } });
    const text =
      /^403 from 127\.0\.0\.1:\d+: wrong login or password for 6100, or it has as many devices there as the server allows$/;
    await f.status("registrar", (look) => look.fill === "yellow" && /^Provider: 403 from/.test(look.text ?? ""));
    assert.match((await dialogSays(f, ({ state }) => state === "failed")).text ?? "", text);
  });

  it("de-registers when it is taken out of the flow", async () => {
    const { flow: f, deployed } = await load();
    await dialogSays(f, ({ state }) => state === "registered");
    const left = f.message("left");
    await f.deploy(
      deployed.filter(({ id }) => id !== "acc"),
      "nodes",
    );
    const { extension, reason } = (await left).payload as { extension: string; reason: string };
    assert.deepEqual([extension, reason], ["6100", "removed"]);
  });

  it("A5 is told not to disturb by the registrar", async () => {
    const { flow: f } = await load({ dndOn: "78" });
    await dialogSays(f, ({ state }) => state === "registered");
    const answer = f.message("registered", (msg) => msg["event"] === "dnd");
    f.node("registrar").receive({ payload: { action: "dnd", account: "provider", on: true } });
    assert.deepEqual((await answer).payload, {
      ...{ account: "provider", on: true, ok: true, status: 200 },
      text: "Provider took 78",
    });
  });

  it("H20 names both who claim a prefix", async () => {
    const { flow: f } = await load({ prefixes: [{ prefix: "503" }] });
    const both =
      /503 is claimed by (door "Front door" and by account "Provider"|account "Provider" and by door "Front door")/;
    assert.ok(f.logged().some((line) => both.test(line)));
  });
});

describe("the form of an account", () => {
  const around: Surroundings = {
    doorSlug: (id) => (id === "door1" ? "front-door" : undefined),
    ownPassword: () => undefined,
    key: new Secret("key"),
  };
  const config: AccountConfig = { id: "a", type: "sip-account", name: "My Provider", server: "x.org", user: "1" };
  const read = (more: Partial<AccountConfig>, credentials = { password: "pw" }) =>
    accountForm({ ...config, ...more }, credentials, around);

  it("takes blank fields for the default", () => {
    const { password, key, ...form } = read({
      port: "",
      transport: "",
      expires: " ",
      proxy: "",
      prefixes: [{ prefix: "0", strip: "", prepend: "" }],
    });
    assert.deepEqual(form, {
      ...{ server: "x.org", user: "1", prefixes: [{ prefix: "0" }], incoming: { refuse: 480 } },
      ...{ name: "my-provider", label: "My Provider", doorsMayDial: false, otherNumbers: false },
    });
    assert.deepEqual([password.reveal(), key?.reveal()], ["pw", "key"]);
  });

  it("reads everything that is filled in, the second server only where it is used", () => {
    const second = { useSecond: true, server2: "y.org", user2: "2", proxy2: "p.y.org:5070", port2: "5080" };
    const form = read(
      {
        ...second,
        encryption: "required",
        incoming: "door",
        incomingDoor: "door1",
        prefixes: [{ prefix: "00", strip: "2", prepend: "+" }],
      },
      { password: "pw", password2: "pw2" } as never,
    );
    assert.deepEqual([form.second?.server, form.second?.port, form.second?.proxy], ["y.org", 5080, "p.y.org:5070"]);
    assert.equal(form.second?.password.reveal(), "pw2");
    assert.equal(form.encryption, "required");
    assert.deepEqual(
      [form.incoming, form.prefixes],
      [{ door: "front-door" }, [{ prefix: "00", strip: 2, prepend: "+" }]],
    );
    assert.equal(read({ ...second, useSecond: false }).second, undefined);
    assert.equal(read({ otherNumbers: true }).otherNumbers, true);
    assert.deepEqual(read({ incoming: "targets", incomingTargets: "6001, 6002" }).incoming, {
      targets: ["6001", "6002"],
    });
  });

  it("refuses with a sentence what cannot be", () => {
    const refusal = (more: Partial<AccountConfig>): string => {
      try {
        read(more);
      } catch (error) {
        assert.ok(error instanceof PorteroError);
        return error.message;
      }
      return assert.fail("it was taken");
    };
    assert.match(refusal({ server: "" }), /the server is missing: enter its name or IP address/);
    assert.match(refusal({ user: "" }), /the register name is missing/);
    assert.match(refusal({ port: "x" }), /the port must be a whole number \(it is x\)/);
    assert.match(refusal({ useSecond: true }), /the second server is missing/);
    assert.match(refusal({ incoming: "door", incomingDoor: "gone" }), /no door is chosen/);
    assert.match(refusal({ incoming: "targets", incomingTargets: " " }), /none is named: enter 6001, 6002/);
  });
});
