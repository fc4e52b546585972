import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { pressRules } from "../../src/door/presses.ts";
import { relayOf, relaysOf } from "../../src/door/relays.ts";
import { pollOf } from "../../src/door/polls.ts";
import { checkPreset } from "../../src/door/preset.ts";
import { presetOf, presets } from "../../src/door/presets.ts";
import { checkDoor, doorFields } from "../../src/door/settings.ts";
import { Secret } from "../../src/secret.ts";
import { thrown } from "./thrown.ts";

const form = { id: "front", name: "Frontdoor", preset: "generic", extension: "503", password: "pw-503", code: "1234" };
const refusal = (change: object) => thrown(() => checkDoor({ ...form, ...change })).message;

describe("P6 the form of a door", () => {
  it("takes text and Secret alike, and leaves out what is empty", () => {
    const door = checkDoor({ ...form, password: new Secret("pw-503"), login: "", imageUrl: null, address: undefined });
    assert.equal(door.password.reveal(), "pw-503");
    assert.equal(door.code.reveal(), "1234");
    assert.deepEqual(Object.keys(door).sort(), ["code", "extension", "id", "make", "name", "password", "preset"]);
  });

  it("keeps every field that it knows", () => {
    const all = {
      ...{
        ...form,
        login: "bell",
        address: "10.0.0.2",
        openKey: "5",
        codesFrom: "door",
        openBy: "http",
        pin: "ab".repeat(32),
      },
      ...{
        imageUrl: "http://10.0.0.2/a.jpg",
        videoUrl: "rtsp://10.0.0.2/a",
        cameraUsername: "eye",
        cameraPassword: "pw",
      },
      ...{ answererDigits: "flow", verifyTls: false, bounceSeconds: 3, pressInTalk: "wait", oneCall: true },
      ...{ buttons: [{ number: "1", name: "Meier" }], buttonFrom: "header", buttonHeader: "X-Button" },
      ...{ relays: [{ id: "gate", name: "Gate" }], rights: [{ who: "flow" }], hangUpAfterOpening: 5, longestTalk: 9 },
      ...{
        mediaTimeout: 20,
        sipPort: 5062,
        pictureSources: ["jpeg"],
        pictureTimeout: 4,
        keepPicture: 0,
        liveWarm: 9,
        liveAlways: true,
      },
      ...{ masks: [{ x: 0, y: 0, width: 9, height: 9 }], liveSound: true, clipSeconds: 8, heldOpenSeconds: 60 },
      ...{ poll: "own", pollUrl: "http://{address}/state", pollSeconds: 9, pollRules: [{ word: "press", when: "1" }] },
    };
    assert.deepEqual(Object.keys(all).sort(), Object.keys(doorFields).sort(), "a field of the form is not tried here");
    const door: Partial<Record<string, unknown>> = { ...checkDoor(all) };
    const shown = (value: unknown) => (value instanceof Secret ? value.reveal() : value);
    for (const [name, value] of Object.entries(all)) assert.deepEqual(shown(door[name]), value, name);
  });

  it("an empty list, as a dialog without lines gives it, is none: such a door has no rights to keep", () => {
    const door: Partial<Record<string, unknown>> = { ...checkDoor({ ...form, relays: [], rights: [], masks: [] }) };
    for (const name of ["relays", "rights", "masks"]) assert.equal(door[name], undefined, name);
  });

  it("says which field is wrong, how, and what to do", () => {
    assert.equal(
      refusal({ extension: "50 3" }),
      'door "Frontdoor": extension has the wrong form (it is "50 3"): ' +
        "enter the number the bell registers with, such as 503",
    );
    assert.match(refusal({ id: "Front Door" }), /id has the wrong form .*such as front-door/);
    assert.match(refusal({ password: "" }), /password is missing: enter the bell's SIP password/);
    assert.match(refusal({ preset: "acme" }), /preset is not known \(it is "acme"\): choose one of generic, /);
    assert.match(refusal({ address: "http://192.168.1.20" }), /address is not a host: enter only a host name/);
    assert.match(refusal({ colour: "red" }), /colour is not known here/);
    assert.match(refusal({ pin: "AA:BB" }), /pin is not a fingerprint: enter the SHA-256/);
    assert.match(thrown(() => checkDoor(undefined)).message, /id is missing.*name is missing/);
  });

  it("takes the preset's code where none is given, and none at all for a bell that opens nothing", () => {
    const { code: _, ...without } = form;
    assert.equal(checkDoor({ ...without, preset: "paxton" }).code.reveal(), "1");
    assert.equal(checkDoor(without).code.reveal(), "");
  });

  it("takes DTMF digits and pauses as code, nothing else, and never quotes it", () => {
    assert.equal(checkDoor({ ...form, code: "1,2#*a" }).code.reveal(), "1,2#*A");
    for (const code of ["12x4", "12 34", ",,"]) {
      const message = refusal({ code });
      assert.match(message, /code holds/);
      assert.ok(!message.includes(code), message);
    }
  });

  it("P11 has one relay without a name, or a list of them, of which the first takes the door's code", () => {
    const told = (door: ReturnType<typeof checkDoor>) =>
      relaysOf(door).map(({ id, number, code }) => [id, number, code.reveal()]);
    assert.deepEqual(told(checkDoor(form)), [[undefined, undefined, "1234"]]);
    const gate = { id: "gate", name: "Gate", number: "3", code: new Secret("7a") };
    const door = checkDoor({ ...form, relays: [{ id: "door", name: "Door" }, gate, { id: "light", name: "Light" }] });
    assert.deepEqual(told(door), [
      ["door", "1", "1234"],
      ["gate", "3", "7A"],
      ["light", "3", ""],
    ]);
    assert.equal(relayOf(door)?.id, "door");
    assert.deepEqual(
      [relayOf(door, "gate")?.id, relayOf(door, "1"), relayOf(checkDoor(form), "gate")],
      ["gate", undefined, undefined],
    );
    assert.doesNotMatch(inspect(door, { depth: 9 }), /1234|7A/);
    const list = (...relays: object[]) => refusal({ relays: relays.map((relay) => ({ name: "Gate", ...relay })) });
    assert.match(list({ id: "gate" }, { id: "gate" }), /relays has two relays called "gate"/);
    const wrong = list({ id: "gate", code: "98x7" });
    assert.match(wrong, /relays has a code of "gate" that holds something else than DTMF digits/);
    assert.doesNotMatch(wrong, /98x7/);
    const keys = ["5", "15"].map((key) => ({ id: `gate-${key}`, key }));
    for (const both of [keys, keys.toReversed()])
      assert.match(list(...both), /relays has an opening key 5 that another one ends with/);
  });

  it("writes a fingerprint in one way", () => {
    assert.equal(checkDoor({ ...form, pin: "AB:".repeat(31) + "CD" }).pin, "ab".repeat(31) + "cd");
  });
});

describe("P7 credentials inside the URLs", () => {
  it("are taken out of the image URL", () => {
    const door = checkDoor({ ...form, imageUrl: "http://user:p%40ss@1.2.3.4/jpg/image.jpg" });
    assert.equal(door.imageUrl?.reveal(), "http://1.2.3.4/jpg/image.jpg");
    assert.equal(door.cameraUsername, "user");
    assert.equal(door.cameraPassword?.reveal(), "p@ss");
  });

  it("are taken out of a template", () => {
    const door = checkDoor({
      ...form,
      imageUrl: "http://user:pa:ss@{address}/x.jpg",
      videoUrl: "rtsp://{address}:554/4",
    });
    assert.equal(door.imageUrl?.reveal(), "http://{address}/x.jpg");
    assert.equal(door.videoUrl?.reveal(), "rtsp://{address}:554/4");
    assert.equal(door.cameraPassword?.reveal(), "pa:ss");
    const contact = checkDoor({ ...form, imageUrl: "http://u:p@{contact}/x.jpg" });
    assert.equal(contact.imageUrl?.reveal(), "http://{contact}/x.jpg");
  });

  it("give way to the fields of the form, and a password is not mixed with another user", () => {
    const imageUrl = "http://user:inUrl@1.2.3.4/x.jpg";
    const both = checkDoor({ ...form, imageUrl, cameraUsername: "cam", cameraPassword: "field" });
    assert.deepEqual([both.cameraUsername, both.cameraPassword?.reveal()], ["cam", "field"]);
    assert.equal(checkDoor({ ...form, imageUrl, cameraUsername: "cam" }).cameraPassword, undefined);
  });

  it("are refused where the two URLs differ, since a door has one camera account", () => {
    const message = refusal({ imageUrl: "http://a:geheim1@h/x", videoUrl: "rtsp://b:geheim2@h/x" });
    assert.match(message, /videoUrl holds another user or password than imageUrl/);
  });

  it("never stand in a refusal nor in what the settings print", () => {
    const bad = ["http://user:geheim@", "ftp://user:geheim@h/x", "user:geheim@h", "http://user:geheim@{host}/x"];
    for (const imageUrl of bad) assert.doesNotMatch(refusal({ imageUrl }), /geheim/, imageUrl);
    assert.match(refusal({ imageUrl: "ftp://h/x" }), /imageUrl is not a URL: write it like http:/);
    const door = checkDoor({
      ...form,
      code: "998877",
      imageUrl: "http://u:geheim@h/x.jpg?pwd=geheim",
      cameraPassword: "",
    });
    assert.doesNotMatch(inspect(door) + JSON.stringify(door), /geheim|998877|pw-503/);
  });
});

describe("X1 how a door's presses are taken", () => {
  const presses = {
    ...{ bounceSeconds: 0.5, pressInTalk: "wait", oneCall: false, buttonFrom: "header", buttonHeader: "X-Button" },
    buttons: [{ number: "201", name: "Meier" }],
  };

  it("is kept as it was given", () => {
    const { bounceSeconds, pressInTalk, oneCall, buttonFrom, buttonHeader, buttons } = checkDoor({
      ...form,
      ...presses,
    });
    assert.deepEqual({ bounceSeconds, pressInTalk, oneCall, buttonFrom, buttonHeader, buttons }, presses);
  });

  it("is what the make is known for where nothing is set", () => {
    const usual = { bounceMs: 2000, inTalk: "busy", oneCall: false };
    assert.deepEqual(pressRules(checkDoor(form)), usual);
    assert.deepEqual(pressRules(checkDoor({ ...form, preset: "simulated" })), { ...usual, bounceMs: 0 });
    assert.equal(pressRules(checkDoor({ ...form, preset: "simulated", bounceSeconds: 3 })).bounceMs, 3000);
  });

  it("is refused with a sentence where it is wrong", () => {
    assert.match(refusal({ bounceSeconds: 99 }), /bounceSeconds must be <= 60 .*enter seconds from 0 to 60/);
    assert.match(refusal({ pressInTalk: "hold" }), /pressInTalk must be one of busy, wait, replace .*choose busy/);
    assert.match(refusal({ buttonFrom: "header" }), /buttonHeader is missing: enter the header .*such as X-Button/);
    assert.match(refusal({ buttonHeader: "X Button" }), /buttonHeader has the wrong form/);
    const twice = [...presses.buttons, { number: "201", name: "Sato" }];
    assert.equal(refusal({ buttons: twice }), 'door "Frontdoor": buttons has 201 twice: give each button once');
    assert.match(refusal({ buttons: [{ number: "201", name: "" }] }), /buttons\.0\.name must NOT have fewer than 1/);
  });
});

describe("Where a door's picture comes from, and what nobody sees of it", () => {
  const left = { x: 0, y: 0, width: 30, height: 100 };

  it("is kept as it was given, and absent where nothing is set", () => {
    const pictures = { pictureSources: ["rtsp", "jpeg"], pictureTimeout: 2.5, keepPicture: 0, masks: [left] };
    const { pictureSources, pictureTimeout, keepPicture, masks } = checkDoor({ ...form, ...pictures });
    assert.deepEqual({ pictureSources, pictureTimeout, keepPicture, masks }, pictures);
    const usual = checkDoor({ ...form, masks: [] });
    assert.deepEqual([usual.pictureSources, usual.masks], [undefined, undefined]);
  });

  it("is refused with a sentence where it is wrong: a door with a mask that cannot be read has no picture", () => {
    assert.match(
      refusal({ pictureSources: ["ftp"] }),
      /pictureSources\.0 must be one of jpeg, mjpeg, rtsp, call .*in the order/,
    );
    assert.match(refusal({ pictureSources: [] }), /pictureSources must NOT have fewer than 1 items/);
    assert.match(refusal({ pictureTimeout: 0.5 }), /pictureTimeout must be >= 1 .*seconds from 1 to 60/);
    assert.match(refusal({ keepPicture: 4000 }), /keepPicture must be <= 3600/);
    assert.match(
      refusal({ masks: [{ ...left, width: "x" }] }),
      /masks\.0\.width must be number .*four numbers in percent/,
    );
    assert.match(refusal({ masks: [left, { ...left, x: 71 }] }), /masks\.1 reaches beyond the picture/);
  });
});

describe("X11 presets of a user's own", () => {
  const own = checkPreset({ ...presetOf("2n"), id: "gate-maker", label: "Gate" });
  const catalogue = new Map([...presets, [own.id, own]]);
  const gate = { ...form, preset: "gate-maker" };

  it("are chosen from the catalogue that is given, and named where one is not in it", () => {
    assert.equal(checkDoor(gate, catalogue).make.label, "Gate");
    const { message } = thrown(() => checkDoor({ ...form, preset: "gate-makr" }, catalogue));
    assert.match(message, /preset is not known \(it is "gate-makr"\): choose one of generic, .*gate-maker/);
  });

  it("stay with a door that is checked again without that catalogue", () => {
    assert.equal(checkDoor(checkDoor(gate, catalogue)).make, own);
    assert.match(thrown(() => checkDoor(gate)).message, /preset is not known/);
  });
});

describe("A door that is asked what happens", () => {
  const rules = [{ word: "contact/open", when: '"door":1' }];
  const own = { poll: "own", pollUrl: "http://{address}/status?user={user}&pwd={password}", pollRules: rules };

  it("is asked as its make is known to tell, or as its form says, or not at all", () => {
    assert.equal(pollOf(checkDoor(form)), undefined);
    assert.equal(pollOf(checkDoor({ ...form, ...own, poll: "off" })), undefined);
    const { url, kind, everySeconds } = pollOf(checkDoor({ ...form, ...own, pollSeconds: 2 })) ?? assert.fail();
    assert.deepEqual([url, kind, everySeconds], [own.pollUrl, "status", 2]);
    const make = checkPreset({ ...presetOf("2n"), poll: { kind: "stream", url, credentials: "own", rules } });
    assert.equal(pollOf(checkDoor({ ...form, preset: "2n", make, poll: "preset" })), make.poll);
  });

  it("says what is wrong: a make that tells nothing, no URL, one with a password, no pattern or a broken one", () => {
    assert.match(refusal({ poll: "preset" }), /poll is "preset", but it is not known what .* choose own, or off/);
    assert.match(refusal({ poll: "own" }), /pollUrl is missing: write it like/);
    assert.match(refusal({ ...own, pollUrl: "{address}/x" }), /pollUrl is not a URL/);
    const told = refusal({ ...own, pollUrl: "http://me:s3cret@10.0.0.9/" });
    assert.match(told, /pollUrl holds a user or password: enter them as those of the camera/);
    assert.ok(!told.includes("s3cret"));
    assert.match(refusal({ ...own, pollRules: undefined }), /pollRules is missing/);
    assert.match(refusal({ ...own, pollRules: [{ word: "press", when: "(" }] }), /pollRules/);
    assert.match(refusal({ ...own, pollRules: [{ word: "door/open", when: "x" }] }), /pollRules.*must be one of press/);
    assert.match(refusal({ ...own, pollSeconds: 0 }), /pollSeconds must be >= 1/);
    assert.match(refusal({ heldOpenSeconds: 0 }), /heldOpenSeconds must be >= 1 .*nobody is told then/);
  });

  it("a preset's poll and hooks are checked with it", () => {
    const poll = { kind: "status", url: "http://{address}/{id}", credentials: "own", rules };
    const faulty = (more: object) => thrown(() => checkPreset({ ...presetOf("2n"), ...more })).message;
    assert.match(faulty({ poll }), /poll.url has {id}, which nothing fills/);
    assert.match(faulty({ poll: { ...poll, url: "ftp://x" } }), /poll.url has the wrong form/);
    assert.match(faulty({ poll: { ...poll, url: "http://x", rules: [] } }), /rules/);
    assert.match(faulty({ hooks: [{ word: "open", where: "here" }] }), /hooks.0.word must be one of press, opened/);
  });
});
