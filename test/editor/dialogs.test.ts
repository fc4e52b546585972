// Every node's dialog in the editor: words, fields, complaints, help, copy buttons, and what an export holds.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { SimPhone } from "../../src/sim/sim.ts";
import type { Locator } from "playwright-core";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import type { Dialog } from "./dialog.ts";
import { Editor } from "./editor.ts";
import { example, House, type FlowNode } from "./house.ts";

declare const RED: { nodes: { node(id: string): unknown }; editor: { edit(node: unknown): void } };

/** A key that has found no words, or a parameter that has found no value. */
const isNoWord = (text: string) => /@portero|^[a-z-]+:[a-z-]+\.|^[a-z-]+\.[a-z-]+(\.|$)|__\w+__/i.test(text);

// The dialogs that open by a double click; the first of each type in the flow.
const inFlow = [
  "doorbell-in",
  "doorbell-sim",
  "sip-registrar",
  "dial-strategy",
  "dtmf-out",
  "call-control",
  "camera-snapshot",
  "visit-log",
  "door-state",
  "mqtt-bridge",
];

describe("The dialogs", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  let flow: FlowNode[];
  before(async () => {
    chromium = await Chromium.start();
    // One wrong answer bans, also on this machine.
    const strict = { banAnswers: "1", exempt: "10.9.9.9" };
    const given = await example("the-whole-way");
    const door = given.find(({ type }) => type === "door")?.id;
    flow = given.map((n) => ({
      ...n,
      ...(n.type === "inject" && { once: false }),
      ...(n.type === "sip-endpoint" && strict),
      ...(n.type === "door" && { hooks: true }),
      ...(n.type === "camera-snapshot" && { door }),
    }));
    const tab = flow.find(({ type }) => type === "tab")?.id ?? "";
    flow.push({ id: "c0117e5700000001", type: "call-control", z: tab, x: 200, y: 900, wires: [[], []] });
    const endpoint = flow.find(({ type }) => type === "sip-endpoint")?.id ?? "";
    flow.push({ id: "c0117e5700000002", type: "visit-log", z: tab, endpoint, x: 200, y: 960, wires: [[], []] });
    flow.push({ id: "c0117e5700000003", type: "door-state", z: tab, door, x: 400, y: 960, wires: [[]] });
    house = await House.start({ flow });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });

  afterEach(() => editor.cancelDialogs());

  const idOf = (type: string) => {
    const found = flow.find((node) => node.type === type);
    if (!found) throw new Error(`no ${type} in the flow`);
    return found.id;
  };
  const check = async (dialog: Dialog) => {
    const words = await dialog.words();
    assert.ok(words.length > 2, "there is something to read");
    assert.deepEqual(words.filter(isNoWord), []);
    assert.deepEqual(await dialog.ugly(), []);
    assert.deepEqual(await dialog.cut(), []);
  };

  it("the editor opens without an error and asks nobody outside of this machine", () => {
    assert.deepEqual(editor.troubles, []);
  });

  for (const type of inFlow)
    it(`${type}: opens with words, fields in place, and help`, async () => {
      const since = editor.troubles.length;
      const dialog = await editor.edit(idOf(type));
      await check(dialog);
      await dialog.cancel();
      const help = await editor.help(idOf(type));
      assert.ok(help.length > 300, `help of ${help.length} letters`);
      assert.match(help, /Settings|Outputs|Inputs/);
      assert.deepEqual(editor.troubles.slice(since), []);
    });

  it("door and sip-endpoint: open from a node's dialog, with words and fields in place", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    await door.eachTab(() => check(door));
    await door.tab("presses");
    await door.field("preset").locator("option").nth(5).waitFor({ state: "attached" });
    // The example is older than these settings: it shows what a new one has, and keeps that when it is saved.
    assert.equal(await door.field("answererDigits").inputValue(), "both");
    const presses = ["pressInTalk", "oneCall", "buttonFrom"].map((name) => door.field(name).inputValue());
    assert.deepEqual(await Promise.all(presses), ["busy", "", "dialled"]);
    assert.equal(await door.field("buttonHeader").isVisible(), false);
    await door.field("buttonFrom").selectOption("header");
    assert.equal(await door.field("buttonHeader").isVisible(), true);
    // X11: what is known of a device stands beside it; from what is set here a preset of one's own is made.
    const known = door.tray.locator("#portero-door-evidence");
    await door.field("preset").selectOption("2n");
    await known.filter({ hasText: "Opens by HTTP, too, and proves it." }).waitFor();
    const preset = (name: string) => door.tray.locator(`#portero-preset-${name}`);
    assert.equal(await preset("label").isVisible(), false);
    await preset("open").click();
    for (const [name, value] of [
      ["label", "My gate"],
      ["maker", "Acme"],
      ["source", "Gate 3"],
    ] as const)
      await preset(name).fill(value);
    await preset("works").check();
    await preset("export").click();
    await preset("json").waitFor();
    const exported = JSON.parse(await preset("json").inputValue()) as { id: string; evidence: string };
    assert.deepEqual([exported.id, exported.evidence], ["my-gate", "device"]);
    assert.equal(await preset("replace").isVisible(), false);
    await preset("save").click();
    await door
      .field("preset")
      .locator("optgroup[label='Your own'] option:checked", { hasText: "My gate" })
      .waitFor({ state: "attached" });
    await preset("save").click();
    await preset("replace").waitFor();
    assert.deepEqual(await door.ugly(), []);
    await door.tab("reports");
    // A hook's address is what a device calls, and stands in no flow.
    const copy = door.tray.locator("#portero-door-hooks [data-word='contact/open'] button");
    const hook = new URL((await copy.getAttribute("title")) ?? "");
    const call = async (path: string) => (await fetch(new URL(path, house.ready.editor), { method: "POST" })).status;
    assert.deepEqual(
      await Promise.all([
        call(hook.pathname),
        call(hook.pathname.replace("contact", "door")),
        call("/portero/hook/x/press"),
      ]),
      [200, 404, 404],
    );
    const flows = await (await fetch(new URL("flows", house.ready.editor))).text();
    assert.ok(!flows.includes(hook.pathname.split("/")[3] ?? "portero"));
    assert.equal(await door.field("pollUrl").isVisible(), false);
    await door.field("poll").selectOption("own");
    assert.match(await door.complaint("pollUrl", "device/status"), /begins with http/);
    const endpoint = await door.editConfig("endpoint");
    await endpoint.eachTab(() => check(endpoint));
    assert.deepEqual(
      [
        await endpoint.field("directCalls").isChecked(),
        await endpoint.field("reliable").isChecked(),
        await endpoint.field("refresher").inputValue(),
      ],
      [true, true, "uac"],
    );
    await endpoint.tab("network");
    await endpoint.tray.getByText(new RegExp(`:${house.ready.sip?.port ?? 0}\\b`)).waitFor();
    await endpoint.cancel();
    await door.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("door: relays with digits, rights and codes are kept, each in its place", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("doorbell-in"));
    let door = await dialog.editConfig("door");
    const within = (list: string) => door.tray.locator(`#portero-door-${list}`);
    const add = (list: string) =>
      door.tray.locator(`.red-ui-editableList:has(#portero-door-${list}) .red-ui-editableList-addButton`).click();
    const relay = (title: RegExp) => within("relays").getByTitle(title);
    await door.tab("opening");
    await add("relays");
    for (const [title, value] of [
      [/such as gate/, "gate"],
      [/People call it|people call it/, "Gate"],
      [/opens it by DTMF/, "7777"],
      [/presses to open it/, "7"],
    ] as const)
      await relay(title).fill(value);
    await add("rights");
    await within("rights")
      .getByTitle(/Extensions, account names/)
      .fill("6001");
    await within("rights").getByTitle("Relays and times").click();
    await within("rights")
      .getByTitle(/^18:00/)
      .fill("18:00");
    // A code is made at once; its digits are shown this once.
    await within("codes")
      .getByTitle(/as it stands in records/)
      .fill("Anna");
    await within("codes").getByRole("button", { name: "Make" }).click();
    await door.page.getByText(/The code for Anna is \d{6}\./).waitFor();
    await within("codes").getByText("Anna · used 0 times").waitFor();
    await check(door);
    await door.save();
    await dialog.save();
    const exported = await editor.exportAll();
    assert.match(exported.replace(/\s/g, ""), /"relays":\[\{"id":"gate"/);
    assert.doesNotMatch(exported, /7777/);
    await editor.deploy();
    const again = await editor.edit(idOf("doorbell-in"));
    door = await again.editConfig("door");
    await door.page.waitForFunction(
      () => document.querySelector<HTMLInputElement>("#portero-door-relays input[type=password]")?.value === "7777",
    );
    assert.equal(await relay(/such as gate/).inputValue(), "gate");
    assert.equal(
      await within("rights")
        .getByTitle(/^18:00/)
        .inputValue(),
      "18:00",
    );
    await door.tab("opening");
    await within("codes").getByTitle("Revoke").click();
    await within("codes").getByText("Anna").waitFor({ state: "detached" });
    await door.cancel();
    await again.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("X10: sip-endpoint shows messages as they come, what is wrong, and gives a capture", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    const endpoint = await door.editConfig("endpoint");
    await endpoint.tab("diagnosis");
    const { tray, page } = endpoint;
    await tray.locator(".portero-messages").getByText("200 OK (REGISTER)").first().waitFor();
    await tray.locator(".portero-findings").getByText("Nothing is wrong").waitFor();
    const { host = "", port = 0 } = house.ready.sip ?? {};
    // What comes now is told by the server: what is asked for, every ten seconds, has no answer.
    const asked = /portero\/trace\/[^/]+\?after=/;
    await page.route(asked, () => {});
    const stranger = createSocket("udp4");
    const headers = "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n";
    stranger.send(`OPTIONS sip:x SIP/2.0\r\n${headers}Call-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n`, port, host);
    await tray.locator(".portero-messages").getByText("UDP  OPTIONS").waitFor();
    await page.unroute(asked);
    stranger.close();
    const [file] = await Promise.all([page.waitForEvent("download"), tray.locator(".portero-pcap").click()]);
    assert.match(file.suggestedFilename(), /^portero-.*\.pcap$/);
    const capture = await readFile(await file.path());
    assert.equal(capture.readUInt32LE(0), 0xa1b2c3d4);
    assert.ok(capture.includes("OPTIONS sip:x SIP/2.0"));
    await endpoint.cancel();
    await door.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("camera-snapshot: shows what belongs to its source, keeps the order of a door's, and moves a login out of an address", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("camera-snapshot"));
    assert.equal(await dialog.field("from").inputValue(), "door");
    assert.deepEqual(
      [await dialog.field("url").isVisible(), await dialog.field("verifyTls").isChecked()],
      [false, true],
    );
    const ticks = dialog.tray.locator("#portero-sources .portero-source");
    assert.equal(await ticks.count(), 4);
    await ticks.nth(1).uncheck();
    await dialog.field("from").selectOption("message");
    for (const name of ["url", "timeout", "movie"]) assert.equal(await dialog.field(name).isVisible(), false, name);
    await dialog.field("from").selectOption("url");
    assert.equal(await ticks.first().isVisible(), false);
    assert.match(await dialog.complaint("timeout", "0.5"), /seconds from 1 to 60/);
    await dialog.field("timeout").fill("2");
    await dialog.field("url").fill("rtsp://admin:p%40ss@192.0.2.1/live");
    await dialog.save();
    const again = await editor.edit(idOf("camera-snapshot"));
    assert.equal(await again.field("url").inputValue(), "rtsp://192.0.2.1/live");
    assert.equal(await again.field("username").inputValue(), "admin");
    const checked = await Promise.all(
      [0, 1, 2, 3].map((at) => again.tray.locator("#portero-sources .portero-source").nth(at).isChecked()),
    );
    assert.deepEqual(checked, [true, true, true, false]);
    await check(again);
    await again.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("sip-account: opens from the registrar's dialog, with words and fields in place", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("sip-registrar"));
    const account = await dialog.editConfig("account");
    await account.eachTab(() => check(account));
    await account.tab("second");
    assert.equal(await account.field("server2").isVisible(), false);
    await account.field("useSecond").check();
    await account.field("server2").waitFor();
    await account.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("H9: conference-room opens from a strategy's dialog, says what is wrong, and stands there with its number", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("dial-strategy"));
    assert.equal(await dialog.field("conference").isVisible(), false, "another strategy has no room");
    await dialog.field("strategy").selectOption("conference");
    const room = await dialog.editConfig("conference");
    await check(room);
    const numbers = ["memberNumber", "visitorNumber", "most"].map((name) => room.field(name).inputValue());
    assert.deepEqual(await Promise.all(numbers), ["888", "777", "10"]);
    await room.field("name").fill("Hall");
    assert.match(await room.complaint("most", "1"), /A whole number from 2 to 50/);
    await room.field("most").fill("5");
    assert.match(await room.complaint("mayOpen", "6001, a b/c"), /Extensions, such as 6001, 6002/);
    await room.field("mayOpen").fill("6001 6002");
    assert.match(await room.complaint("memberNumber", "777"), /need different numbers/);
    await room.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("H7, H20: parking-place opens from a strategy's dialog, and says which of its numbers cannot be", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("dial-strategy"));
    assert.equal(await dialog.field("parking").isVisible(), false, "another strategy has no place");
    await dialog.field("strategy").selectOption("park");
    const place = await dialog.editConfig("parking");
    await check(place);
    const fields = ["parkNumber", "fetchNumber", "firstSlot", "lastSlot", "seconds", "then"];
    assert.deepEqual(await Promise.all(fields.map((name) => place.field(name).inputValue())), [
      ...["444", "555", "701", "703", "60", "hang-up"],
    ]);
    await place.field("name").fill("Parking");
    assert.match(await place.complaint("parkNumber", "four"), /Digits, \* and #/);
    assert.match(await place.complaint("parkNumber", "702"), /702 stands for two things/);
    await place.field("parkNumber").fill("444");
    assert.match(await place.complaint("fetchNumber", "444"), /444 stands for two things/);
    await place.field("fetchNumber").fill("555");
    assert.match(await place.complaint("lastSlot", "699"), /701 to 699: the last slot comes after the first/);
    await place.field("lastSlot").fill("703");
    assert.match(
      await place.complaint("music", "https://nas/wait.wav?password=secret"),
      /would stand in exported flows/,
    );
    assert.match(await place.complaint("seconds", "2"), /a whole number from 5 to 3600/);
    await place.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("A8: sip-endpoint shows who is banned, lifts it, and has its rare settings behind a fold", async () => {
    const since = editor.troubles.length;
    const { host = "", port = 0 } = house.ready.sip ?? {};
    const stranger = new SimPhone({ server: { host, port }, extension: "4711", password: new Secret("a guess") });
    const refused = once(stranger, "event");
    await stranger.start();
    await refused;
    await stranger.close();
    const dialog = await editor.edit(idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    const endpoint = await door.editConfig("endpoint");
    const { tray } = endpoint;
    await tray.locator('.red-ui-tab a[href="#security"]').click();
    const bans = tray.locator("#portero-endpoint-bans");
    await bans.getByText(/^[\d.]+ (is banned|gets no word to wrong answers) for 1 h: .*"4711".* \(until /).waitFor();
    await check(endpoint);
    await bans.locator("button").click();
    await bans.getByText("Nobody.").waitFor();
    // A setting that is there is seen: the fold is open; and shut by hand.
    assert.equal(await endpoint.field("exempt").inputValue(), "10.9.9.9");
    await check(endpoint);
    await tray.locator("#portero-endpoint-rare summary").click();
    assert.equal(await endpoint.field("exempt").isVisible(), false);
    await endpoint.cancel();
    await door.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  const wrong: [type: string, config: string[], fields: [field: string, value: string, says: RegExp][]][] = [
    [
      "camera-snapshot",
      [],
      [
        ["width", "wide", /whole number.*1.*4096/i],
        ["masks", "0 0 50", /four numbers in percent/],
        ["crop", "0 0 5 5; 6 6 5 5", /four numbers in percent/],
        ["thumbnail", "5", /whole number.*16.*1024/i],
      ],
    ],
    ["visit-log", [], [["limit", "all", /whole number.*1.*1000/i]]],
    ["dial-strategy", [], [["stopCauses", "busy", /causes with commas/i]]],
    [
      "mqtt-bridge",
      [],
      [
        ["url", "mqtt://user:secret@broker", /mqtt:\/\//],
        ["base", "house//door", /without # \+ \$ and without \/ at its ends/],
        ["keepAlive", "0", /whole number.*1.*3600/i],
      ],
    ],
    [
      "doorbell-in",
      ["door"],
      [
        ["extension", "5 03", /number the bell registers with/],
        ["imageUrl", "ftp://camera", /http:\/\//],
        ["pin", "abc", /64 hexadecimal/],
        ["slug", "Front Door", /small letters/i],
        ["openKey", "*5", /1 to 4 of 0-9/],
        ["bounceSeconds", "99", /0 to 60/],
        ["hangUpAfterOpening", "900", /0 to 600/],
        ["longestTalk", "-1", /0 to 1440/],
        ["mediaTimeout", "long", /0 to 3600/],
      ],
    ],
    [
      "doorbell-in",
      ["door", "endpoint"],
      [
        ["port", "70000", /0.*65535/],
        ["rtpengine", "127.0.0.1:2223, udp:hall", /“udp:hall” is no address: write the host and port/],
        ["rtpengineDigits", "127.0.0.1", /no address of this machine with a port/],
        ["directFrom", "192.168.1.40, hall", /“hall” is no address and no network/],
        ["callers", "192.168.1.0/24\nhall", /“hall” is no address and no network/],
        ["callerNumbers", "503, 6 01!", /“01!” is no number/],
        ["banAnswers", "lots", /0.*1000/],
      ],
    ],
    [
      "sip-registrar",
      ["account"],
      [
        ["server", "sip:pbx", /host name or an IP address/],
        ["user", "my number", /number or name that the server gave you/],
        ["proxy", "proxy:port", /with :5070 for a port/],
        ["slug", "My Provider", /small letters/i],
        ["dndStatus", "200", /400.*699/],
      ],
    ],
  ];
  for (const [type, config, fields] of wrong)
    it(`${[type, ...config].join(" → ")}: says what is wrong with ${fields.map(([name]) => name).join(", ")}`, async () => {
      let dialog = await editor.edit(idOf(type));
      if (type === "dial-strategy") await dialog.field("strategy").selectOption("redial");
      for (const name of config) dialog = await dialog.editConfig(name);
      for (const [field, value, says] of fields) {
        if (field === "rtpengine") await dialog.field("engine").selectOption(field);
        const text = await dialog.complaint(field, value);
        assert.match(text, says);
        assert.ok(!isNoWord(text));
      }
    });

  it("camera-snapshot shows the folder of a file only, and a picture that its button has taken", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("camera-snapshot"));
    assert.equal(await dialog.field("folder").isVisible(), false);
    await dialog.field("output").selectOption("file");
    assert.equal(await dialog.field("folder").isVisible(), true);
    await dialog.tray.locator("#portero-try").click();
    await dialog.tray.locator("#portero-tried img[src^='data:image/jpeg']").waitFor();
    assert.match(await dialog.tray.locator("#portero-tried").innerText(), /^\d+ KB; the camera took \d+ ms/);
    await check(dialog);
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("N1: call-control shows the fields of what it does, and says what is wrong with them", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("call-control"));
    const fields = [
      "by",
      "targets",
      "seconds",
      "sound",
      "country",
      "to",
      "loop",
      "status",
      "recordTo",
      "recordMinutes",
    ];
    const seen = async () => {
      const shown = await Promise.all(fields.map((name) => dialog.field(name).isVisible()));
      return fields.filter((_, index) => shown[index]);
    };
    // The node is older than all its settings: it plays.
    assert.equal(await dialog.field("action").inputValue(), "play");
    for (const [action, shown] of [
      ["play", ["sound", "country", "to", "loop"]],
      ["answer", ["by"]],
      ["reject", ["status"]],
      ["hold", ["sound", "to"]],
      ["transfer", ["targets", "seconds"]],
      ["consult", ["targets", "seconds", "sound"]],
      ["invite", ["targets", "seconds"]],
      ["park", ["seconds"]],
      ["fetch", ["targets", "seconds"]],
      ["record", ["recordTo", "recordMinutes"]],
      ["complete", []],
    ] as const) {
      await dialog.field("action").selectOption(action);
      assert.deepEqual(await seen(), shown, action);
      await check(dialog);
    }
    // Who waits hears music, and what is played is a sound.
    await dialog.field("action").selectOption("consult");
    assert.equal(await dialog.field("sound").inputValue(), "tune");
    await dialog.field("action").selectOption("play");
    assert.equal(await dialog.field("sound").inputValue(), "ring-back");
    for (const [action, field, value, says] of [
      ["reject", "status", "200", /400 to 699/],
      ["transfer", "seconds", "0", /1 to 3600/],
      ["record", "recordMinutes", "many", /up to 240/],
    ] as const) {
      await dialog.field("action").selectOption(action);
      assert.match(await dialog.complaint(field, value), says);
    }
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("N1: call-control keeps what who waits is to hear", async () => {
    const id = idOf("call-control");
    const dialog = await editor.edit(id);
    await dialog.field("action").selectOption("hold");
    await dialog.field("sound").selectOption("none");
    await dialog.save();
    const again = await editor.edit(id);
    assert.deepEqual(
      [await again.field("action").inputValue(), await again.field("sound").inputValue()],
      ["hold", "none"],
    );
    await again.cancel();
    await editor.undo();
  });

  it("X12: visit-log shows the fields of what it does, and sip-endpoint those of a log that is kept", async () => {
    const since = editor.troubles.length;
    const dialog = await editor.edit(idOf("visit-log"));
    const seen = async () => {
      const fields = ["door", "outcome", "days", "limit", "picture"];
      const shown = await Promise.all(fields.map((name) => dialog.field(name).isVisible()));
      return fields.filter((_, index) => shown[index]);
    };
    // The node is older than its settings: it finds.
    assert.equal(await dialog.field("action").inputValue(), "find");
    assert.deepEqual(await seen(), ["door", "outcome", "days", "limit", "picture"]);
    await dialog.field("action").selectOption("get");
    assert.deepEqual(await seen(), ["picture"]);
    await check(dialog);
    await dialog.field("action").selectOption("delete");
    assert.deepEqual(await seen(), ["door", "outcome", "days"]);
    await check(dialog);
    const endpoint = await dialog.editConfig("endpoint");
    await endpoint.tab("calls");
    assert.equal(await endpoint.field("visitDays").isVisible(), true);
    await endpoint.field("visitLog").selectOption("off");
    assert.equal(await endpoint.field("visitDays").isVisible(), false);
    await check(endpoint);
    await endpoint.cancel();
    await dialog.cancel();
    assert.deepEqual(editor.troubles.slice(since), []);
  });

  it("on a small screen with both sidebars no tab is cut: they stand in two rows", async () => {
    const { width = 1400, height = 900 } = editor.page.viewportSize() ?? {};
    await editor.page.setViewportSize({ width: 760, height });
    for (const [type, config] of [
      ["doorbell-in", "door"],
      ["sip-registrar", "endpoint"],
    ] as const) {
      const dialog = await (await editor.edit(idOf(type))).editConfig(config);
      const cut = await dialog.tray.evaluate((tray) => {
        const { right } = tray.getBoundingClientRect();
        const tabs = [...tray.querySelectorAll(".portero-tabs > li")];
        return tabs.filter((tab) => tab.getBoundingClientRect().right > right).map((tab) => tab.textContent);
      });
      assert.deepEqual(cut, [], config);
      assert.deepEqual(await dialog.ugly(), [], config);
      await editor.cancelDialogs();
    }
    const registrar = await editor.edit(idOf("sip-registrar"));
    const { right = 0 } = (await registrar.tray.boundingBox().then((box) => box && { right: box.x + box.width })) ?? {};
    const cross = await registrar.tray.locator(".red-ui-editableList-item-remove").first().boundingBox();
    assert.ok(cross && cross.x + cross.width <= right, "a phone can be taken away");
    await editor.cancelDialogs();
    await editor.page.setViewportSize({ width, height });
  });

  it("sip-registrar: two hundred rows are laid out together, not one by one", async () => {
    const extensions = Array.from({ length: 200 }, (_, n) => ({ number: String(7000 + n), name: `Flat ${n}` }));
    const session = await editor.page.context().newCDPSession(editor.page);
    await session.send("Performance.enable");
    const layouts = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "RecalcStyleCount")?.value ?? NaN;
    };
    const before = await layouts();
    await editor.page.evaluate(
      ([id, rows]) => {
        const node = RED.nodes.node(id) as { extensions: unknown };
        const had = node.extensions;
        node.extensions = rows;
        RED.editor.edit(node);
        node.extensions = had;
      },
      [idOf("sip-registrar"), extensions] as const,
    );
    assert.equal(await editor.page.locator("#node-input-list > li").count(), 200);
    const done = (await layouts()) - before;
    assert.ok(done < 150, `laid out ${done} times`);
    await session.detach();
  });

  it("H1: a row of sip-registrar unfolds what few devices need; it stays unfolded where something stands in it", async () => {
    const id = idOf("sip-registrar");
    const dialog = await editor.edit(id);
    const row = dialog.tray.locator(".red-ui-editableList-item-content").first();
    assert.equal(await row.getByPlaceholder("all").isVisible(), false);
    await dialog.cancel();
    // The widest of our dialogs on a small screen.
    const { width = 1400, height = 900 } = editor.page.viewportSize() ?? {};
    await editor.page.setViewportSize({ width: 900, height });
    const small = await editor.edit(id);
    await small.tray.locator("a.red-ui-button .fa-sliders").first().click();
    assert.deepEqual(await small.ugly(), []);
    await small.cancel();
    await editor.page.setViewportSize({ width, height });
    await editor.edit(id);
    await row.locator("a.red-ui-button").click();
    await row.getByPlaceholder("all").fill("PCMA, G729");
    await row.getByTitle(/^SRTP/).selectOption("required");
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.save();
    assert.match(await editor.mark(id), /“G729” is no codec; there are PCMA, PCMU/);
    const again = await editor.edit(id);
    const same = again.tray.locator(".red-ui-editableList-item-content").first();
    const codecs = same.getByPlaceholder("all");
    assert.deepEqual([await codecs.isVisible(), await codecs.inputValue()], [true, "PCMA, G729"]);
    assert.equal(await same.getByTitle(/^SRTP/).inputValue(), "required");
    await again.cancel();
    await editor.undo();
  });

  it("X1: a door keeps the list of its buttons, and doorbell-in its doors and days", async () => {
    const id = idOf("doorbell-in");
    const dialog = await editor.edit(id);
    const door = await dialog.editConfig("door");
    await door.tab("presses");
    await door.tray.getByRole("button", { name: "button" }).click();
    await door.tray.getByPlaceholder("201").fill("202");
    await door.tray.getByPlaceholder("Meier").fill("Sato");
    assert.deepEqual(await door.ugly(), []);
    await door.save();
    assert.equal(await dialog.field("linkUrl").isVisible(), false);
    await dialog.field("openLink").check();
    assert.equal(await dialog.field("linkUrl").isVisible(), true);
    await dialog.field("openLink").uncheck();
    await dialog.tray.locator("summary").click();
    await dialog.field("from").fill("22:00");
    const days = dialog.field("days").locator("xpath=following-sibling::*[1]");
    assert.equal((await days.innerText()).trim(), "every day");
    await days.click();
    await editor.page.locator(".red-ui-typedInput-options:visible").getByText("Saturday").click();
    await dialog.field("from").click();
    assert.equal((await days.innerText()).trim(), "Saturday");
    await dialog.field("door").selectOption("_ADD_");
    await dialog.field("endpoint").selectOption({ index: 0 });
    const doors = dialog.tray.locator("#portero-doors + *");
    await doors.click();
    await editor.page.locator(".red-ui-typedInput-options:visible a").first().click();
    await dialog.field("from").click();
    const name = (await doors.innerText()).trim();
    await dialog.save();
    const again = await editor.edit(id);
    assert.deepEqual(
      [await again.field("from").inputValue(), await again.field("days").inputValue()],
      ["22:00", "sat"],
    );
    assert.equal((await again.tray.locator("#portero-doors + *").innerText()).trim(), name);
    await again.field("door").selectOption({ index: 0 });
    const same = await again.editConfig("door");
    assert.equal(await same.tray.getByPlaceholder("Meier").inputValue(), "Sato");
    await same.cancel();
    await again.cancel();
    await editor.undo();
  });

  it("H20: sip-registrar's ring groups are kept as they were entered, and the node says what is wrong with one", async () => {
    const id = idOf("sip-registrar");
    const groups = (dialog: Dialog) => dialog.tray.locator("#node-input-groups-list");
    const dialog = await editor.edit(id);
    const box = groups(dialog).locator("xpath=ancestor::*[contains(@class, 'red-ui-editableList-border')]");
    assert.equal(await box.isVisible(), false, "an empty list is its button alone");
    await dialog.tray.getByText("ring group", { exact: true }).click();
    await groups(dialog).getByPlaceholder("600", { exact: true }).fill("6001");
    await groups(dialog).getByPlaceholder("6001, 6002").fill("6001, 6002");
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.save();
    assert.match(await editor.mark(id), /number 6001 of a ring group stands in the lists twice/);
    const again = await editor.edit(id);
    assert.equal(await groups(again).getByPlaceholder("6001, 6002").inputValue(), "6001, 6002");
    // N4: two hundred flats are pasted, and handed out with their passwords.
    const place = again.tray.locator("#portero-extensions-text button");
    const text = again.tray.locator("textarea:visible");
    const take = again.tray.getByRole("button", { name: "Take this list" });
    await place.click();
    assert.match(await text.inputValue(), /^Number;Name;Login;Devices\n6001;Kitchen;;/);
    await text.fill("6001;Hall\n6003;Attic\n6001;Cellar");
    await again.tray.getByText("Line 3: The extension 6001 stands in the list twice", { exact: true }).waitFor();
    assert.equal(await take.isDisabled(), true);
    await text.fill('name,floor,number\nHall,1,6001\n"Attic, left",4,6003');
    await again.tray.getByText("2 in the list: 1 new, 1 changed, 1 removed.").waitFor();
    await again.tray.getByText("Columns that are of no use here: floor").waitFor();
    await take.click();
    const named = again.tray.getByPlaceholder("Kitchen");
    assert.deepEqual([await named.nth(0).inputValue(), await named.nth(1).inputValue()], ["Hall", "Attic, left"]);
    await place.click();
    await again.tray.getByRole("button", { name: "Copy with passwords" }).click();
    const [head, hall = "", attic = ""] = (await editor.clipboard()).split("\n").map((line) => line.split("\t"));
    assert.deepEqual(head, ["number", "name", "login", "password", "server"]);
    assert.equal(hall[3], house.ready.phones.find(({ extension }) => extension === "6001")?.password);
    assert.deepEqual([attic[0], attic[1], attic[3]?.length], ["6003", "Attic, left", 16]);
    await again.cancel();
    await editor.undo();
  });

  it("X6: mqtt-bridge makes a key whose secret is in no flow, and keeps messages of one's own", async () => {
    const id = idOf("mqtt-bridge");
    const since = editor.troubles.length;
    const dialog = await editor.edit(id);
    await dialog.eachTab(() => check(dialog));
    await dialog.tab("broker");
    await dialog.field("broker").selectOption("_ADD_");
    assert.equal(await dialog.field("tls").isVisible(), false);
    await dialog.field("url").fill("mqtts://broker.example");
    await dialog.field("url").blur();
    await dialog.field("tls").waitFor();
    await dialog.field("url").fill("");
    await dialog.field("url").blur();
    await dialog.tab("commands");
    await dialog.field("commands").selectOption("off");
    assert.equal(await dialog.field("signedOnly").isVisible(), false);
    await dialog.field("commands").selectOption("visit");
    // The example is older than this choice: nothing new appears in a running house by itself.
    await dialog.tab("homes");
    const homes = ["discovery", "discoveryPrefix", "openAs"].map((name) => dialog.field(name));
    const isShown = () => Promise.all(homes.map((field) => field.isVisible()));
    assert.deepEqual([await homes[0]?.inputValue(), await isShown()], ["off", [true, false, false]]);
    await homes[0]?.selectOption("homie");
    assert.deepEqual(await isShown(), [true, false, false]);
    await homes[0]?.selectOption("both");
    assert.deepEqual(await isShown(), [true, true, true]);
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.tab("commands");
    await dialog.field("commands").selectOption("off");
    await dialog.tab("homes");
    assert.deepEqual(await isShown(), [true, true, false]);
    await dialog.tray.getByText("To open doors from there", { exact: false }).waitFor();
    await homes[0]?.selectOption("off");
    await dialog.tab("commands");
    await dialog.field("commands").selectOption("visit");
    await dialog.tray.getByText("make a key", { exact: true }).click();
    await dialog.tray.getByPlaceholder("Anna's phone").fill("phone");
    await dialog.tray.getByText("show and copy", { exact: true }).click();
    const secret = dialog.tray.locator("#portero-bridge-keys input[readonly]");
    await secret.waitFor();
    const shown = await secret.inputValue();
    assert.match(shown, /^[0-9a-f]{64}$/);
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.tab("topics");
    await dialog.tray.getByText("message", { exact: true }).click();
    const list = dialog.tray.locator("#portero-bridge-messages");
    await list.locator("input").nth(1).fill("chime/{what}");
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.save();
    assert.match(await editor.mark(id), /\{what\}, which is not known for event: there is \{event\}/);
    const again = await editor.edit(id);
    await again.tab("topics");
    await again.tray.locator("#portero-bridge-messages input").nth(1).fill("chime/{door}");
    await again.tab("commands");
    assert.equal(await again.tray.getByPlaceholder("Anna's phone").inputValue(), "phone");
    await again.tray.getByText("show and copy", { exact: true }).click();
    await again.tray.locator("#portero-bridge-keys input[readonly]").waitFor();
    assert.equal(await again.tray.locator("#portero-bridge-keys input[readonly]").inputValue(), shown);
    // P7: a login that is typed into the address moves, and a topic is what the node takes for one.
    await again.tab("topics");
    await again.field("base").fill("the house/door");
    await again.tab("broker");
    await again.field("url").fill("mqtt://anna:p%40ss@broker.example");
    await again.save();
    const login = `JSON.stringify(RED.nodes.node("${id}").credentials)`;
    assert.match(String(await editor.page.evaluate(login)), /"username":"anna".*"password":"p@ss"/);
    const stored = JSON.stringify(await editor.page.evaluate("RED.nodes.createCompleteNodeSet()"));
    assert.ok(stored.includes("chime/{door}") && !stored.includes(shown));
    assert.ok(stored.includes('"mqtt://broker.example"') && stored.includes('"the house/door"'));
    assert.deepEqual(editor.troubles.slice(since), []);
    await editor.undo();
  });

  it("a wrong value is kept, and the node is marked with what is wrong", async () => {
    const strategy = await editor.edit(idOf("dial-strategy"));
    await strategy.typedField("seconds").fill("0");
    await strategy.save();
    assert.match(await editor.mark(idOf("dial-strategy")), /1.*3600/);
    const registrar = await editor.edit(idOf("sip-registrar"));
    await registrar.tray.getByPlaceholder("6001").nth(1).fill("6001");
    await registrar.save();
    assert.match(await editor.mark(idOf("sip-registrar")), /6001 stands in the list twice/);
    const again = await editor.edit(idOf("dial-strategy"));
    assert.equal(await again.typedField("seconds").inputValue(), "0");
    await again.cancel();
    await editor.undo();
  });

  it("P6: the copy buttons give server, login and the password that the system made", async () => {
    const { bell, phones, sip } = house.ready;
    // Node-RED may not have answered yet what there is to copy.
    const copies = async (button: Locator, wanted: string | undefined, what: string) => {
      let copied = "";
      for (let tries = 0; tries < 100 && copied !== wanted; tries += 1) {
        await button.click();
        copied = await editor.clipboard();
      }
      assert.equal(copied, wanted, what);
    };
    const dialog = await editor.edit(idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    const buttons: [button: string, wanted: string | undefined][] = [
      ["server", `${sip?.host ?? ""}:${sip?.port ?? 0}`],
      ["login", bell?.login],
      ["password", bell?.password],
    ];
    for (const [button, wanted] of buttons) await copies(door.tray.locator(`#portero-copy-${button}`), wanted, button);
    await door.cancel();
    await dialog.cancel();
    const registrar = await editor.edit(idOf("sip-registrar"));
    const rows = registrar.tray.locator(".red-ui-editableList-item-content");
    for (const [index, phone] of phones.entries())
      await copies(rows.nth(index).locator("button"), phone.password, phone.extension);
    await registrar.cancel();
  });

  it("P7: own passwords and codes, also of a camera's URL, are in no export, flow or log; the fields stay set", async () => {
    const secrets = { password: "own-door-Pa55", code: "98765", cameraPassword: "cam3ra-Pa55" };
    const dialog = await editor.edit(idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    await door.field("password").fill(secrets.password);
    await door.tab("opening");
    await door.field("code").fill(secrets.code);
    await door.tab("camera");
    await door.field("imageUrl").fill(`http://admin:${secrets.cameraPassword}@{contact}/snapshot.jpg`);
    await door.save();
    await dialog.save();
    const since = house.comms.now;
    await editor.deploy();
    // The simulated bell has the door's own password now, and registers with it.
    await house.comms.status(idOf("doorbell-sim"), (status) => status.fill === "green", { since });
    const places = {
      export: await editor.exportAll(),
      flows: JSON.stringify(await house.flows()),
      file: await readFile(join(house.userDir, "flows.json"), "utf8"),
      log: house.child.output,
    };
    for (const [place, text] of Object.entries(places)) {
      assert.ok(text.length > 100, place);
      for (const [what, secret] of Object.entries(secrets))
        assert.ok(!text.includes(secret), `${place} holds the ${what}`);
    }
    assert.match(places.export, /http:\/\/\{contact\}\/snapshot\.jpg/);

    await editor.reload();
    const again = await (await editor.edit(idOf("doorbell-in"))).editConfig("door");
    for (const name of Object.keys(secrets)) assert.equal(await again.field(name).inputValue(), "__PWRD__", name);
    assert.equal(await again.field("cameraUsername").inputValue(), "admin");
    assert.equal(await again.field("imageUrl").inputValue(), "http://{contact}/snapshot.jpg");
    await again.tray.locator("#portero-copy-password").click();
    await editor.notifications.filter({ hasText: "never shown again" }).waitFor();
  });
});
