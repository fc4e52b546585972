// Dial plans as they stand in guides, and the flows that they become.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { importDialPlan, type Imported } from "../../src/import/import.ts";
import type { Surroundings } from "../../src/import/read.ts";
import type { FlowNode } from "../../src/import/drawing.ts";

const folder = new URL("plans/", import.meta.url);
const plan = (name: string) => readFileSync(new URL(`${name}.conf`, folder), "utf8");
const made = (name: string, here?: Surroundings) => importDialPlan(plan(name), here);
const all = (imported: Imported, type: string) => imported.nodes.filter((node) => node.type === type);
const one = (imported: Imported, type: string): FlowNode => {
  const [first, ...more] = all(imported, type);
  assert.ok(first && more.length === 0, `one ${type}, not ${more.length + (first ? 1 : 0)}`);
  return first;
};
/** Some settings of a node. */
const some = (node: FlowNode, ...names: string[]) => Object.fromEntries(names.map((name) => [name, node[name]]));
const strategyOf = (imported: Imported, name = "") =>
  all(imported, "dial-strategy").find((node) => String(node["name"]).startsWith(name)) ??
  assert.fail(`no strategy ${name}`);
const says = (imported: Imported, words: RegExp) =>
  assert.ok(
    imported.notes.some((note) => words.test(note)),
    imported.notes.join("\n"),
  );
const numbers = (imported: Imported) =>
  (one(imported, "sip-registrar")["extensions"] as { number: string }[]).map(({ number }) => number);

describe("Devices of pjsip.conf", () => {
  const imported = made("device");

  it("H1: the bell is a door, with its codecs, its digits and rport", () => {
    const door = one(imported, "door");
    assert.deepEqual(some(door, "name", "extension", "login", "codecs", "dtmf", "rport", "preset"), {
      ...{ name: "Doorbell", extension: "8000", login: "", codecs: "PCMA, PCMU, H264" },
      ...{ dtmf: "info", rport: "off", preset: "generic" },
    });
    assert.deepEqual(imported.devices, [
      { number: "8000", name: "Doorbell", isBell: true },
      { number: "100", name: "Anna", isBell: false },
      { number: "6001", name: "6001", isBell: false },
    ]);
  });

  it("phones made of templates are rows of the registrar", () => {
    const common = { maxContacts: "5", codecs: "PCMU, PCMA", dtmf: "rfc4733", qualify: "30" };
    assert.deepEqual(one(imported, "sip-registrar")["extensions"], [
      { number: "100", name: "Anna", login: "", ...common },
      { number: "6001", name: "6001", login: "hall", ...common },
    ]);
  });

  it("P7: passwords are in the credentials and nowhere else", () => {
    const [door, registrar] = [one(imported, "door").id, one(imported, "sip-registrar").id];
    assert.deepEqual(imported.credentials, {
      [door]: { password: "very-secret" },
      [registrar]: { passwords: '{"100":"of-all-phones","6001":"of-all-phones"}' },
    });
    const said = JSON.stringify([imported.nodes, imported.notes, imported.left]);
    assert.ok(!/very-secret|of-all-phones/.test(said));
  });

  it("transports are what the endpoint listens at", () => {
    assert.deepEqual(
      some(one(imported, "sip-endpoint"), "udp", "tcp", "tls", "port", "tlsPort", "bind", "certificateFile", "keyFile"),
      {
        ...{ udp: true, tcp: false, tls: true, port: "5060", tlsPort: "5061", bind: "" },
        ...{ certificateFile: "/ssl/fullchain.pem", keyFile: "/ssl/privkey.pem" },
      },
    );
  });

  it("H2: says that a bell with one contact is not locked out, and which codec is left out", () => {
    says(imported, /not locked out/);
    says(imported, /codec gsm is not known/);
    assert.deepEqual(imported.left, []);
  });

  it("another device is the bell where somebody says so", () => {
    const chosen = made("device", { bell: "100" });
    assert.equal(one(chosen, "door")["extension"], "100");
    assert.deepEqual(numbers(chosen), ["8000", "6001"]);
  });
});

describe("Dial", () => {
  it("H4: a pattern that rings what was dialled is a strategy without targets", () => {
    const imported = made("dial");
    const which = one(imported, "switch");
    assert.deepEqual(which["rules"], [{ t: "eq", v: "9901", vt: "str" }, { t: "else" }]);
    const other = imported.nodes.find(({ id }) => id === which.wires?.[1]?.[0]);
    assert.deepEqual(other && some(other, "strategy", "targets"), { strategy: "ring-all", targets: [] });
  });

  it("H5: several are rung at once, with the caller's name, the time and ring-back", () => {
    const imported = made("dial");
    const name = "Front door";
    assert.deepEqual(some(strategyOf(imported, "9901"), "strategy", "targets", "seconds", "sound"), {
      strategy: "ring-all",
      targets: ["100", "6001", "6002"].map((target) => ({ target, name })),
      ...{ seconds: "30", sound: "ring-back" },
    });
    says(imported, /Line 6: Dial's option t, T \(transfer by keys\) is not taken over/);
    says(imported, /100, 6001, 6002: rung, but no device/);
    assert.deepEqual(numbers(imported), ["100", "6001", "6002"]);
  });

  it("numbers that are in the editor already get no row", () => {
    const imported = made("dial", { endpoint: "ep", hasDoors: true, taken: { "100": "a", "6001": "a", "6002": "a" } });
    assert.deepEqual(all(imported, "sip-registrar"), []);
    assert.deepEqual(all(imported, "sip-endpoint"), []);
    assert.deepEqual(all(imported, "door"), []);
    assert.deepEqual(some(one(imported, "doorbell-in"), "door", "endpoint"), { door: "", endpoint: "ep" });
  });
});

describe("Places", () => {
  it("H7, H8: 444 parks, 555 fetches the one that waits longest", () => {
    const imported = made("parking");
    assert.deepEqual(
      some(one(imported, "parking-place"), "parkNumber", "fetchNumber", "firstSlot", "lastSlot", "seconds"),
      {
        ...{ parkNumber: "444", fetchNumber: "555", firstSlot: "701", lastSlot: "703", seconds: "60" },
      },
    );
    const parks = strategyOf(imported, "444");
    assert.deepEqual(some(parks, "strategy", "parking"), {
      strategy: "park",
      parking: one(imported, "parking-place").id,
    });
    says(imported, /555 always fetched slot 701.*\(line 20\)/);
    assert.deepEqual(some(one(imported, "parking-place"), "then", "answerFirst"), {
      then: "hang-up",
      answerFirst: true,
    });
    assert.deepEqual(imported.left, []);
  });

  it("H9: the number of who waits is for visitors, that of who is marked for members", () => {
    const imported = made("conference");
    const room = one(imported, "conference-room");
    assert.deepEqual(some(room, "visitorNumber", "memberNumber", "most"), {
      visitorNumber: "777",
      memberNumber: "888",
      most: "10",
    });
    assert.deepEqual(some(strategyOf(imported), "strategy", "conference"), {
      strategy: "conference",
      conference: room.id,
    });
    assert.deepEqual(imported.left, []);
  });
});

describe("Loops", () => {
  it("H10, H11: the redial loop makes the tries that it says, and stops on its causes", () => {
    const imported = made("redial");
    assert.deepEqual(
      some(strategyOf(imported), "strategy", "targets", "seconds", "tries", "waitSeconds", "stopCauses"),
      {
        ...{ strategy: "redial", targets: ["6001", "100"], seconds: "60" },
        ...{ tries: "60", waitSeconds: "1", stopCauses: "21, 0" },
      },
    );
    says(imported, /Line 4: the loop says 60 and makes 59 tries \(line 7\): here there are 60\./);
    assert.deepEqual(imported.left, []);
  });

  it("H15: RetryDial with its announcement", () => {
    assert.deepEqual(
      some(strategyOf(made("retry-dial")), "strategy", "targets", "tries", "waitSeconds", "announcement"),
      {
        ...{ strategy: "retry-dial", targets: ["100"], tries: "10", waitSeconds: "4", announcement: "wait.wav" },
      },
    );
  });

  it("H16–H19: a loop without an end is until-answered, with a wait and a bound", () => {
    const imported = made("until-answered");
    assert.deepEqual(
      some(strategyOf(imported), "strategy", "targets", "seconds", "waitSeconds", "maxMinutes", "sound", "answerFirst"),
      {
        ...{ strategy: "until-answered", targets: ["100", "104"], seconds: "30", waitSeconds: "1", maxMinutes: "120" },
        ...{ sound: "ring-back", answerFirst: true },
      },
    );
    says(imported, /does not wait between its tries/);
    says(imported, /also ends when the visitor gives up, and after 120 minutes/);
  });

  it("H14: with Goto and DIALSTATUS in the place of While and causes, and what comes after it", () => {
    const imported = made("status-loop");
    assert.deepEqual(
      some(strategyOf(imported, "1"), "strategy", "targets", "seconds", "tries", "waitSeconds", "stopCauses"),
      {
        ...{ strategy: "redial", targets: ["201"], seconds: "20", tries: "5", waitSeconds: "3", stopCauses: "17" },
      },
    );
    const played = imported.nodes.find(({ id }) => id === strategyOf(imported, "1").wires?.[1]?.[0]);
    assert.deepEqual(played && some(played, "type", "action", "source"), {
      ...{ type: "call-control", action: "play", source: "vm-nobodyavail.wav" },
    });
    assert.deepEqual(
      imported.left.map(({ number, why }) => [number, why.slice(0, 31)]),
      [[15, "it is done after some causes on"]],
    );
  });

  it("N9: one after the other, the last by an account, and then a message", () => {
    const imported = made("status-loop");
    assert.deepEqual(some(strategyOf(imported, "2"), "strategy", "steps", "message"), {
      strategy: "steps",
      steps: [
        { strategy: "ring-all", targets: ["202"], seconds: 15 },
        { strategy: "ring-all", targets: ["203", { target: "01234", account: "provider" }], seconds: 25 },
      ],
      message: "file",
    });
    const account = one(imported, "sip-account");
    assert.deepEqual(some(account, "name", "server", "port", "user", "login", "expires"), {
      ...{
        name: "provider",
        server: "sip.example.com",
        port: "5080",
        user: "4989123",
        login: "u4989123",
        expires: "600",
      },
    });
    assert.deepEqual(imported.credentials, { [account.id]: { password: "of-the-provider" } });
  });

  it("A2: a pattern that dials the rest of a number at a server is a beginning of numbers of that account", () => {
    const imported = made("status-loop");
    assert.deepEqual(one(imported, "sip-account")["prefixes"], [{ prefix: "0", strip: "1", prepend: "" }]);
    assert.equal((one(imported, "switch")["rules"] as object[]).length, 3);
  });

  it("A5: a number that only hangs up is refused with the status of its cause", () =>
    assert.deepEqual(some(strategyOf(made("status-loop"), "3"), "strategy", "status"), {
      strategy: "refuse",
      status: "603",
    }));
});

describe("What does not fit", () => {
  it("H20: a number that stands twice is drawn twice and wired once, both lines named", () => {
    const imported = made("twice");
    says(imported, /777 stands twice, in line 3 and in line 8: two cannot have one number/);
    const [kept, twin] = [strategyOf(imported, "777: conference"), strategyOf(imported, "777: retry-dial")];
    const targets = new Set(imported.nodes.flatMap(({ wires }) => wires?.flat() ?? []));
    assert.deepEqual([targets.has(kept.id), targets.has(twin.id)], [true, false]);
  });

  it("H20: numbers that the editor has already are named with both owners", () => {
    const imported = made("device", { taken: { "100": 'registrar "House"', "8000": 'door "Gate"' } });
    says(imported, /number 8000 is claimed by door "Gate" and by the door "Doorbell"/);
    says(imported, /number 100 is claimed by registrar "House" and by the extension 100/);
  });

  it("H4, H10: a loop at s goes before the pattern that rings what was dialled, and says so", () => {
    const imported = importDialPlan(
      `[default]\nexten => _X!,1,Dial(PJSIP/\${EXTEN})\n${plan("redial").replace(/^;.*\n/, "")}`,
    );
    assert.equal(strategyOf(imported)["strategy"], "redial");
    assert.equal(all(imported, "dial-strategy").length, 1);
    says(imported, /any other number gets what stands at s \(line 3\)/);
  });

  it("P7: no password, mailbox number or door code is shown in a line that is left", () => {
    const lines = [
      "register => 2345:geheim@sip.example.com/1",
      "[main]",
      "100 => 7391,Anna",
      "mailpass=geheim",
      "exten => 7,1,Foo(http://me:geheim@host)",
    ];
    const { left, nodes } = importDialPlan(
      [...lines, "[a]", "exten => 8,1,Dial(IAX2/me:geheim@x,9,D(7391))", "secret=geheim"].join("\n"),
    );
    assert.equal(left.length, 6);
    assert.doesNotMatch(JSON.stringify([left, nodes]), /geheim|7391/);
  });

  it("every line that has no counterpart is named, with a reason", () => {
    const { left } = made("old-peers");
    assert.deepEqual(
      left.map(({ number }) => number),
      [3, 4, 33, 34, 45, 46, 48, 49],
    );
    for (const { why } of left) assert.match(why, /\w+ \w+/);
  });

  it("two doors in contexts of their own have a doorbell-in each", () => {
    const imported = made("old-peers");
    const doors = new Map(all(imported, "door").map((door) => [door.id, door["extension"]]));
    const bells = all(imported, "doorbell-in").map((node) => doors.get(String(node["door"])));
    assert.deepEqual(bells, ["5001", "5002"]);
    assert.deepEqual(strategyOf(imported, "10")["targets"], ["101"]);
    const actions = all(imported, "call-control").map((node) => node["action"]);
    assert.deepEqual(actions, ["hangup", "answer", "play", "play", "hangup"]);
    assert.equal(all(imported, "dtmf-out").length, 1);
  });
});

describe("Flows of every plan", () => {
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), "utf8");
    it(`${file}: is the same every time, lies on the grid, and its wires lead somewhere`, () => {
      const { nodes } = importDialPlan(text);
      assert.deepEqual(importDialPlan(text).nodes, nodes);
      const ids = new Set(nodes.map(({ id }) => id));
      assert.equal(ids.size, nodes.length);
      const places = nodes.filter(({ x }) => x !== undefined).map(({ x, y }) => `${x},${y}`);
      assert.equal(new Set(places).size, places.length, "no two nodes on one place");
      for (const { type, x = 0, y = 0, wires = [], id, ...settings } of nodes) {
        assert.match(id, /^[0-9a-f]{16}$/);
        assert.deepEqual([x % 20, y % 20], [0, 0], type);
        assert.ok(wires.flat().every((to) => ids.has(to)));
        for (const link of ["endpoint", "door", "parking", "conference"]) {
          const to = settings[link];
          if (typeof to === "string" && to !== "") assert.ok(ids.has(to), `${type}: ${link}`);
        }
        assert.ok(!("credentials" in settings) && !("password" in settings));
      }
    });

    it(`${file}: a comment says what came from where, another one what is left`, () => {
      const { nodes, left } = importDialPlan(text);
      const comments = nodes.filter(({ type }) => type === "comment");
      assert.equal(comments.length, left.length > 0 ? 2 : 1);
      for (const { number } of left) assert.match(String(comments[1]?.["info"]), new RegExp(`- line ${number}: `));
    });
  }
});
