// What the keys of a call do at its door, on the network in memory: the opening key, codes, and who has the right.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import type { DoorSettings, Opening } from "../../../src/door/door.ts";
import { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import { Secret } from "../../../src/secret.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { DoorCodes } from "../../../src/visit/presses/door-codes.ts";
import { openedAs, placeOf, sentOn, type Leg } from "../../../src/visit/talk/leg.ts";
import { silent } from "../../../src/log.ts";
import { FakeClock } from "../../support/clock.ts";
import { quickHash } from "../../door/quick-hash.ts";
import { Desk, Device } from "../desk.ts";
import { Party } from "../../sip/party.ts";

describe("Keys of a call at its door", () => {
  let desk: Desk;
  let openings: Opening[];
  afterEach(() => desk.close());

  async function open(settings: Partial<DoorSettings>, code?: Parameters<DoorCodes["create"]>[1]): Promise<void> {
    desk = await Desk.open({}, {}, settings);
    openings = [];
    desk.switchboard.on("opening", (opening) => openings.push(opening));
    if (code) await desk.switchboard.codes.create("front", code);
  }

  async function press(device: Device, keys: string): Promise<void> {
    await device.press(keys);
    await desk.clock.advance(100);
  }

  /** Takes the door's digit, which opens it, and gives what was told of that. */
  async function opens(bell: Device): Promise<Opening | undefined> {
    const info = await bell.party.takeRequest("INFO");
    assert.match(info.body.toString(), /Signal=1\r/);
    bell.party.respond(info, 200);
    await desk.clock.advance(500);
    return openings.at(-1);
  }

  const told = (): string =>
    desk
      .told("dtmf")
      .map((key) => (key as { digit: string }).digit)
      .join("");

  it("P11 the opening key sends the door's own digits, in the name of the phone; the key itself does not go on", async () => {
    await open({ openKey: "5", rights: [{ who: "extension", names: ["6001"] }] });
    const { bell, phone } = await desk.talking();
    await press(phone, "95");
    const { ok, by, as, visit } = (await opens(bell)) ?? assert.fail();
    assert.deepEqual([ok, by, as], [true, "6001", { kind: "extension", name: "6001" }]);
    assert.equal(visit, desk.switchboard.lastVisit("front")?.id);
    assert.deepEqual([told(), bell.party.count("INFO")], ["95", 1]);
  });

  it("a phone without the right is refused, in a word and to everybody, and its digits reach no door", async () => {
    await open({ openKey: "5", rights: [{ who: "extension", names: ["6002"] }, { who: "mqtt" }] });
    const { bell, phone } = await desk.talking();
    await press(phone, "15");
    assert.deepEqual(
      openings.map(({ ok, refused, by }) => [ok, refused, by]),
      [[false, "no-right", "6001"]],
    );
    assert.equal((desk.told("refused")[0] as Opening).refused, "no-right");
    assert.equal(bell.party.count("INFO"), 0, "not even the door's own code passes");
  });

  it("a flood of vain wishes is told one by one at first, then in a sum, with one picture: the audit keeps what was before", async () => {
    await open({ openKey: "5", rights: [{ who: "mqtt" }] });
    const pictures: (Buffer | undefined)[] = [];
    desk.switchboard.on("opening", (_opening, picture) => void picture.then((jpeg) => pictures.push(jpeg)));
    const { phone, visit } = await desk.talking();
    Object.defineProperty(visit, "picture", { value: Promise.resolve({ jpeg: Buffer.from("jpeg") }) });
    await press(phone, "5".repeat(100));
    assert.deepEqual([openings.length, desk.told("refused").length], [30, 30]);
    const asked = await desk.switchboard.open({ door: "front", by: "page", as: { kind: "page", name: "anna" } });
    assert.equal(asked.refused, "no-right", "who asks is answered all the same");
    await desk.clock.advance(60_000);
    assert.equal(openings.at(-1)?.reason, "71 more within a minute were refused: 71 no-right");
    assert.equal(pictures.filter(Boolean).length, 1);
    const before = openings.length;
    await press(phone, "5".repeat(10));
    assert.equal(openings.length - before, 3, "while it goes on, few are");
    await desk.clock.advance(120_000);
    await press(phone, "5");
    assert.equal(openings.at(-1)?.reason.includes("more within"), false);
  });

  it("a wish that is refused after the end leaves no timer", async () => {
    await open({ rights: [{ who: "mqtt" }] });
    await desk.switchboard.close();
    const left = desk.clock.pending;
    const { refused } = await desk.switchboard.open({ door: "front", by: "flow" });
    assert.deepEqual([refused, openings.length, desk.clock.pending], ["no-right", 1, left]);
  });

  it("an opening whose id is asked for again is told once", async () => {
    await open({});
    const { bell } = await desk.talking();
    const wish = { door: "front", by: "link", id: "link:1" };
    const both = [desk.switchboard.open(wish), desk.switchboard.open(wish)];
    await opens(bell);
    await Promise.all(both);
    await desk.switchboard.open(wish);
    assert.deepEqual([openings.length, desk.told("opened").length], [1, 1]);
  });

  it("a code typed at the phone opens in its own name; neither flow, log nor door hears a digit of it", async () => {
    await open({ rights: [{ who: "page" }] }, { name: "Anna", code: "4711", uses: 1 });
    const { bell, phone } = await desk.talking();
    await press(phone, "*4711#");
    const { ok, by, as } = (await opens(bell)) ?? assert.fail();
    assert.deepEqual([ok, by, as], [true, "6001", { kind: "code", name: "Anna" }]);
    await press(phone, "8*4711#");
    assert.equal(openings.at(-1)?.refused, "not-now");
    await press(phone, "*4712#");
    assert.deepEqual([openings.at(-1)?.refused, openings.at(-1)?.as], ["wrong-code", undefined]);
    assert.deepEqual([told(), bell.party.count("INFO")], ["8", 1]);
    assert.doesNotMatch(JSON.stringify([desk.events, openings, desk.logged]), /4711|4712/);
  });

  it("a courier types a code at the door while the flow talks with him, and is locked out when he guesses", async () => {
    await open({}, { name: "courier", code: "4711" });
    const bell = desk.device("8000");
    const invite = await bell.dial("6001");
    await desk.switchboard.lastVisit("front")?.answerAlone("greeting");
    await bell.answered(invite);
    for (const wrong of ["*4712#", "*4713#", "*4714#", "*4711#"]) await press(bell, wrong);
    assert.deepEqual(
      openings.map(({ refused, by }) => [refused, by]),
      [...Array<[string, string]>(3).fill(["wrong-code", "keypad"]), ["locked-out", "keypad"]],
    );
    assert.match(openings.at(-1)?.reason ?? "", /too many wrong codes from there: try again in 60 s/);
    await desk.clock.advance(60_000);
    await press(bell, "*4711#");
    assert.deepEqual((await opens(bell))?.as, { kind: "code", name: "courier" });
    assert.equal(told(), "");
  });

  it("what is typed at the door reaches nobody who talks with the visitor while codes are heard there", async () => {
    await open({}, { name: "Anna", code: "4711" });
    const { bell, phone } = await desk.talking();
    await press(bell, "9*4711#");
    const { ok, by } = (await opens(bell)) ?? assert.fail();
    assert.deepEqual([ok, by, told()], [true, "keypad", "9"]);
    assert.equal(phone.party.count("INFO"), 0, "not even the key before it: nobody knows yet what becomes of it");
    await desk.close();
    await open({}, { name: "Anna", code: "4711" });
    const [door, caller] = [await desk.phone("8000"), await desk.phone("6001")];
    await desk.intercom(caller, door);
    await press(door, "*4711#");
    const { as } = (await opens(door)) ?? assert.fail();
    assert.deepEqual([as, caller.party.count("INFO")], [{ kind: "code", name: "Anna" }, 0]);
    await desk.close();
    await open({ codesFrom: "phone" }, { name: "Anna", code: "4711" });
    const other = await desk.talking();
    await press(other.bell, "9");
    assert.equal(other.phone.party.count("INFO"), 1, "they go on where no codes are heard");
  });

  it("a code that cannot be looked up opens nothing, is told with why, and ends nothing else", async () => {
    await open({}, { name: "Anna", code: "4711" });
    desk.switchboard.codes.redeem = () => Promise.reject(new Error("memory limit exceeded"));
    const { bell, phone, visit } = await desk.talking();
    await press(phone, "*4711#");
    assert.deepEqual(
      openings.map(({ ok, refused, reason }) => [ok, refused, reason]),
      [[false, undefined, "opening failed: memory limit exceeded"]],
    );
    assert.equal(desk.told("refused").length, 1);
    assert.deepEqual([bell.party.count("INFO"), visit.state], [0, "talking"]);
  });

  it("a one-time code is used up where the door may have opened, and not where it certainly did not", async () => {
    await open({}, { name: "courier", code: "4711", uses: 1 });
    const { bell, phone } = await desk.talking();
    const left = () => desk.switchboard.codes.list()[0]?.uses;
    await press(phone, "*4711#");
    for (const kind of ["dtmf-relay", "dtmf"]) {
      const refused = await bell.party.takeRequest("INFO");
      assert.equal(refused.get("content-type"), `application/${kind}`);
      bell.party.respond(refused, 415);
      await desk.clock.advance(10);
    }
    await desk.clock.advance(500);
    assert.deepEqual([openings.length, openings.at(-1)?.ok, left()], [1, false, 1]);
    await press(phone, "*4711#");
    bell.party.respond(await bell.party.takeRequest("INFO"), 408);
    await desk.clock.advance(500);
    assert.deepEqual([openings.length, openings.at(-1)?.ok, left()], [2, false, 0]);
    assert.match(openings.at(-1)?.reason ?? "", /look whether it opened/);
  });

  it("a code opens the relays that it may, the first of them where none is named", async () => {
    const relays = [
      { id: "door", name: "Door" },
      { id: "gate", name: "Gate", key: "7" },
    ];
    await open({ relays }, { name: "gardener", code: "4711", relays: ["gate"], uses: 1 });
    const { phone } = await desk.talking();
    for (const keys of ["*4711*1#", "*4711*9#", "*4711#", "7"]) await press(phone, keys);
    assert.deepEqual(
      openings.map(({ refused, relay, as }) => [refused, relay, as?.name]),
      [
        ["no-right", "door", "gardener"],
        ["unknown-relay", "9", "gardener"],
        // It has no digits; the code is there again after each time that did not open.
        ["no-means", "gate", "gardener"],
        ["no-means", "gate", "6001"],
      ],
    );
    assert.equal(desk.switchboard.codes.list()[0]?.uses, 1);
  });

  it("a phone that calls the door opens it with its key, and without the right not even by the door's own digits", async () => {
    await open({ openKey: "5", rights: [{ who: "extension", names: ["6001"] }] });
    const bell = await desk.phone("8000");
    for (const [user, allowed] of [
      ["6001", true],
      ["6002", false],
    ] as const) {
      const phone = await desk.phone(user);
      await desk.intercom(phone, bell, `t${user}`);
      await press(phone, "15");
      if (allowed) assert.equal((await opens(bell))?.as?.name, "6001");
      else assert.equal(openings.at(-1)?.refused, "no-right");
      assert.equal(bell.party.count("INFO"), 1);
      await phone.send("BYE");
      await desk.clock.advance(100);
    }
  });

  it("the door's digits go through the call of who still talks with it, though who called before hangs up", async () => {
    await open({});
    const bell = await desk.phone("8000");
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    await desk.intercom(one, bell, "t6001");
    await desk.intercom(two, bell, "t6002");
    await one.send("BYE");
    await desk.clock.advance(100);
    const opening = desk.switchboard.open({ door: "front", by: "page" });
    await desk.clock.advance(10);
    assert.equal(bell.party.count("INFO"), 1);
    await opens(bell);
    assert.equal((await opening).ok, true);
  });

  it("a door that a transfer brings into a call between phones has its keys and rights, blind or attended", async () => {
    for (const how of ["blind", "attended"]) {
      await open({ openKey: "5", rights: [{ who: "extension", names: ["6002"] }] });
      const [one, two, bell] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("8000")];
      await desk.intercom(one, two);
      if (how === "blind") {
        await two.refer("<sip:8000@10.0.0.1>");
        await bell.pickUp({}, "t8");
      } else {
        const second = desk.device("6002");
        await desk.intercom(second, bell, "t8");
        await two.refer(`<sip:8000@10.0.0.1?Replaces=${second.named}>`);
      }
      await desk.clock.advance(100);
      await press(one, "15");
      assert.deepEqual(
        openings.map(({ refused, by }) => [refused, by]),
        [["no-right", "6001"]],
        how,
      );
      assert.equal(bell.party.count("INFO"), 0, how);
      if (how === "blind") await desk.close();
    }
  });

  it("another door that answers hangs outside as well: its keypad opens nothing here, by code or key", async () => {
    await open({ openKey: "5", codesFrom: "both" }, { name: "Anna", code: "4711" });
    const yard = { id: "yard", name: "Yard", extension: "8001", preset: "generic" };
    desk.switchboard.addDoor({ ...yard, password: new Secret("pw8001"), code: new Secret("") }, "door Yard");
    const [phone, other, bell] = [await desk.phone("6001"), await desk.phone("8001"), desk.device("8000")];
    for (const [answers, keys, wanted] of [
      [other, "*4711#", []],
      [other, "5", []],
      [phone, "*4711#", ["6001"]],
    ] as const) {
      const invite = await bell.dial("100");
      const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
      void visit.answerBy(strategyOf({ strategy: "ring-all", targets: [answers.party.user], seconds: 20 }));
      await answers.pickUp({}, `t${answers.party.user}`);
      await bell.answered(invite);
      await press(answers, keys);
      if (wanted.length > 0) await opens(bell);
      assert.deepEqual(
        openings.map(({ by }) => by),
        wanted,
      );
      await answers.send("BYE");
      await desk.clock.advance(60_000);
    }
  });

  it("a door's address is no way past its rights: it is dialled by its number", async () => {
    desk = await Desk.open({}, {}, { rights: [{ who: "page" }], address: "10.0.0.77" }, {});
    const bell = await desk.phone("8000");
    const written = ["10*0*0*77", "sip:9@10.0.0.77:5070", "sip:[::ffff:10.0.0.77]", "sip:[::FFFF:a00:4d]:5070"];
    for (const host of [...written, bell.party.host.replaceAll(".", "*")]) {
      const way = desk.switchboard.wayOutside(host, "phone");
      assert.match(way?.kind === "refused" ? way.why : "", /is Front door: dial its number 8000$/);
      assert.equal(desk.switchboard.wayOutside(host, "flow")?.kind, "address");
    }
    // Where a name leads is known too late: such calls have sound in which the tones of keys are found.
    const named = desk.switchboard.wayOutside("sip:9@bell.lan", "phone");
    assert.deepEqual(named?.kind === "address" && named.media, { understood: true });
    desk.leaveDoor();
    const free = desk.switchboard.wayOutside("sip:9@bell.lan", "phone");
    assert.ok(free?.kind === "address" && free.media === undefined);
  });

  it("a call to a door's address has its keys, however that is written", async () => {
    desk = await Desk.open({}, {}, { rights: [{ who: "page" }], address: "10.0.0.77" }, {});
    const bell = await desk.phone("8000");
    const leads = (host: string) =>
      desk.switchboard.keysAt({ name: "sip:door.lan", call: { flow: { remote: { host } } } } as unknown as Leg)?.keeps;
    assert.deepEqual(["10.0.0.77", "::ffff:10.0.0.77", bell.party.host, "10.0.0.78"].map(leads), [
      true,
      true,
      true,
      undefined,
    ]);
  });

  it("a flow may try a code, and has the name of one by its digits only", async () => {
    await open({ rights: [{ who: "page" }] }, { name: "Anna", code: "4711" });
    const { bell } = await desk.talking();
    const { switchboard } = desk;
    const posing = await switchboard.open({ door: "front", by: "flow", as: { kind: "code", name: "Anna" } });
    assert.deepEqual([posing.refused, posing.as?.kind], ["no-right", "flow"]);
    const opening = switchboard.open({ door: "front", by: "keypad by MQTT", code: "4711" });
    await desk.clock.advance(10);
    assert.deepEqual((await opens(bell))?.as, { kind: "code", name: "Anna" });
    assert.equal((await opening).ok, true);
  });

  /** The leg of a call that came in from 10.0.0.66. */
  const incoming = (caller: object): Leg => {
    const flow = { remote: { host: "10.0.0.66" } };
    const call: unknown = Object.create(IncomingCall.prototype, { caller: { value: caller }, flow: { value: flow } });
    return { name: "6001", call } as Leg;
  };

  it("a place of wrong codes is who somebody has proven to be, not the number that he shows", () => {
    const outgoing = (as: Leg["as"], name: string) => placeOf({ name, call: {}, as } as unknown as Leg);
    const account = (number: string) => placeOf(incoming({ kind: "account", number, account: "pbx" }));
    const address = (number: string) => placeOf(incoming({ kind: "address", number }));
    assert.deepEqual(
      [account("6001"), account("6002")],
      [
        { who: "account pbx", proven: true },
        { who: "account pbx", proven: true },
      ],
    );
    assert.deepEqual(address("6001"), address("6002"));
    assert.deepEqual(
      placeOf(incoming({ kind: "extension", number: "6001" })),
      outgoing({ kind: "extension", name: "6001" }, "hall"),
    );
    // Whom we have called ourselves is where we have called, which proves nothing.
    assert.notEqual(
      outgoing({ kind: "account", name: "pbx" }, "0170 1").who,
      outgoing({ kind: "account", name: "pbx" }, "0170 2").who,
    );
    const proves = (leg: Leg) => placeOf(leg).proven;
    assert.deepEqual(
      [
        incoming({ kind: "extension", number: "6001" }),
        incoming({ kind: "account", number: "6001", account: "pbx" }),
        incoming({ kind: "address", number: "6001" }),
        { name: "0170 1", call: {}, as: { kind: "account", name: "pbx" } } as unknown as Leg,
        { name: "sip:x@203.0.113.9", call: {} } as unknown as Leg,
      ].map(proves),
      [true, true, false, false, false],
    );
    // Who was put through types where that was done.
    const hall = { kind: "extension", name: "6001" } as const;
    assert.deepEqual(placeOf(sentOn({ name: "sip:x@203.0.113.9", call: {} } as unknown as Leg, hall)), {
      who: "extension 6001",
      proven: true,
    });
  });

  for (const way of ["302", "REFER"] as const)
    it(`X8 whom a phone has called in its place (${way}) opens nothing that it may not, and guesses codes where it does`, async () => {
      const rights = [{ who: "account" as const }, { who: "extension" as const, names: ["6002"] }];
      desk = await Desk.open({}, {}, { codesFrom: "both", openKey: "5", rights }, {});
      openings = [];
      desk.switchboard.on("opening", (opening) => openings.push(opening));
      for (const [nth, number] of ["6001", "6002"].entries()) {
        const far = new Device(new Party(desk.network, { host: `203.0.113.${nth}`, user: "x" }), "");
        const to = `<sip:x@203.0.113.${nth}>`;
        const phone = await desk.phone(number);
        const bell = desk.device("8000");
        const invite = await bell.dial("8002");
        const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
        void visit.answerBy(async (ringing) => {
          await ringing.ring([number], 60);
          return { result: "answered", tries: 1, parties: [] };
        });
        await bell.party.settle();
        if (way === "302") {
          phone.party.respond(await phone.party.takeRequest("INVITE"), 302, { headers: [["Contact", to]] });
          await desk.clock.advance(20);
          await far.pickUp();
          await bell.answered(invite);
        } else {
          await phone.pickUp();
          await bell.answered(invite);
          await phone.refer(to);
          await desk.clock.advance(20);
          await far.pickUp({}, "far");
          await phone.send("BYE");
        }
        await press(far, "5");
        if (number === "6002") {
          assert.equal((await opens(bell))?.ok, true);
          await press(far, "*1111#*1112#*1113#*1114#");
          const tries = openings.filter(({ refused }) => refused === "wrong-code" || refused === "locked-out");
          assert.deepEqual(
            tries.map(({ refused }) => refused),
            ["wrong-code", "wrong-code", "wrong-code", "locked-out"],
          );
        } else assert.deepEqual(openings.at(-1)?.reason.slice(0, 31), 'the phone "6001" may not open F');
        await far.send("BYE");
        await bell.hungUp();
        await desk.clock.advance(20_000);
      }
    });

  it("X8 a page's key opens only where browsers may", async () => {
    await open({ openKey: "5" });
    const { bell, phone } = await desk.talking();
    let may = false;
    for (const { flow } of desk.switchboard.endpoint.location.contacts("6001"))
      Object.defineProperty(flow, "opens", { value: (door: string) => may && door === "front" });
    await press(phone, "5");
    const { refused, reason } = openings.at(-1) ?? assert.fail();
    assert.equal(refused, "no-right");
    assert.match(reason, /^a page that answers as "6001" may not open Front door: what browsers may is in the door's/);
    may = true;
    await press(phone, "5");
    assert.equal((await opens(bell))?.ok, true);
  });

  it("who only says a number is not the phone that has it", () => {
    const called = (caller: object) => openedAs(incoming(caller));
    assert.deepEqual(called({ kind: "extension", number: "6001" }), { kind: "extension", name: "6001" });
    assert.deepEqual(called({ kind: "account", number: "6001", account: "pbx" }), { kind: "account", name: "pbx" });
    // Nobody's account and nobody's extension: who comes from an address that is listed has that for a name.
    assert.deepEqual(called({ kind: "address", number: "pbx" }), { kind: "account", name: "sip:10.0.0.66" });
    assert.deepEqual(openedAs({ name: "6001", call: {} } as unknown as Leg), { kind: "account", name: "6001" });
  });

  it("codes and what was learned outlive a restart, as hashes in a folder", async () => {
    await open({});
    const folder = await mkdtemp(join(tmpdir(), "portero-codes-"));
    try {
      const door = (id: string) => desk.switchboard.entrances.get(id);
      const shelf = async () => {
        const codes = new DoorCodes({ clock: new FakeClock(), log: silent }, { folder, hash: quickHash }, door);
        await assert.rejects(codes.create("front", { name: "early" }), /does not listen yet/);
        await codes.remember();
        return codes;
      };
      const before = await shelf();
      const { code } = await before.create("front", { name: "Anna" });
      await assert.rejects(before.create("back", { name: "Anna" }), /there is no door "back"/);
      await assert.rejects(
        before.create("front", { name: "Bert", relays: ["gate"] }),
        /"gate", which Front door does not/,
      );
      before.learned.learn("front", "http");
      await before.close();
      const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
      assert.ok(files.join("").includes("Anna") && !files.join("").includes(`"${code}"`));
      const after = await shelf();
      assert.deepEqual([after.learned.of("front"), after.has("front"), after.has("back")], ["http", true, false]);
      assert.equal((await after.redeem("front", { who: "6001", proven: true }, code)).refused, undefined);
      await after.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
