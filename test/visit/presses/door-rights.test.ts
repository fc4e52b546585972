// P11: no way of a phone's keys to a door gets past that door's rights: events, tones, codecs, rtpengine, another door's call.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { DoorSettings } from "../../../src/door/door.ts";
import type { MediaSession } from "../../../src/media/media.ts";
import { Secret } from "../../../src/secret.ts";
import { Switchboard } from "../../../src/visit/switchboard.ts";
import { thrown } from "../../door/thrown.ts";
import { FakeClock } from "../../support/clock.ts";
import { Desk, sound, type Device } from "../desk.ts";

const rights: DoorSettings["rights"] = [{ who: "extension", names: ["6002"] }];
const yard = {
  ...{ id: "yard", name: "Yard", extension: "8001", preset: "generic" },
  ...{ password: new Secret("pw8001"), code: new Secret("2") },
};

describe("P11 what is pressed does not get past a door's rights", () => {
  let desk: Desk;
  /** What was last said is to become of the tones of each session, in the order in which those were opened. */
  let tones: string[];
  let sessions: MediaSession[];
  /** And of its events; of the last that was said of in a room, whether the others get them. */
  let events: string[];
  let passed: boolean | undefined;
  afterEach(() => desk.close());

  async function open(settings: Partial<DoorSettings> = {}): Promise<void> {
    desk = await Desk.open({}, {}, settings);
    [tones, sessions, events, passed] = [[], [], [], undefined];
    const { media } = desk.switchboard;
    const openSession = media.open.bind(media);
    media.open = async (like) => {
      const session = await openSession(like);
      const [at, hear] = [sessions.push(session) - 1, session.hearDigits.bind(session)];
      tones[at] = "ignore";
      session.hearDigits = (how) => {
        tones[at] = how.tones;
        events[at] = how.events;
        hear(how);
      };
      return session;
    };
  }

  /** What becomes of a bell's events in a room. */
  function watchRoom(): void {
    const { media } = desk.switchboard;
    const start = media.conference?.bind(media);
    media.conference = (options) => {
      const conference = start?.(options) ?? assert.fail("nothing mixes");
      const pass = conference.passKeys.bind(conference);
      conference.passKeys = (session, on) => {
        if (session === sessions[2]) passed = on;
        pass(session, on);
      };
      return conference;
    };
  }

  const codecsIn = ({ body }: { readonly body: Buffer }) =>
    /m=audio \d+ \S+ ([\d ]+)/.exec(body.toString())?.[1]?.replace(/ 101$/, "");

  it("tones are taken out of what a phone says wherever keys stay here, and out of nothing else", async () => {
    for (const [settings, phone] of [
      [{}, "ignore"],
      [{ rights }, "keep"],
      [{ openKey: "5" }, "keep"],
      [{ codesFrom: "phone" }, "keep"],
      // A code that is typed at the door is not for who talks with the visitor.
      [{ codesFrom: "door" }, "keep"],
    ] as const) {
      await open(settings);
      await desk.talking();
      assert.deepEqual(tones.toSorted(), ["ignore", phone].toSorted(), JSON.stringify(settings));
      await desk.close();
    }
    await open();
  });

  it("and in a call that the phone made to the door, or that another one takes over", async () => {
    await open({ rights });
    const [one, two, bell] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("8000")];
    await desk.intercom(one, two);
    assert.deepEqual(tones, ["ignore", "ignore"]);
    await two.refer("<sip:8000@10.0.0.1>");
    await bell.pickUp({}, "t8");
    await desk.clock.advance(100);
    assert.deepEqual([tones[0], tones[2]], ["keep", "ignore"]);
  });

  it("a door with rights talks in G.711 or G.722, in which tones are found; it is refused where it may not", async () => {
    await open({ rights });
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    const body = sound({ codecs: "96 9 8" });
    const invite = await bell.dial("6001", { body: ["application/sdp", body] });
    void desk.switchboard.lastVisit("front")?.answerBy(async (ringing) => {
      await ringing.ring(["6001"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    const offer = await phone.pickUp({ codecs: "9" });
    assert.equal(codecsIn(offer), "9 8 0");
    assert.equal(codecsIn(await bell.answered(invite)), "9");
    assert.deepEqual(tones, ["ignore", "keep"], "tones are taken out of what the phone says");

    const [caller, door] = [await desk.phone("6002"), await desk.phone("8000")];
    await caller.dial("8000", { body: ["application/sdp", body] });
    assert.doesNotMatch((await door.pickUp()).body.toString(), /opus/);

    const { message } = thrown(() =>
      desk.switchboard.addDoor({ ...yard, rights }, 'door "Yard"', { codecs: ["opus", "H264"] }),
    );
    assert.match(message, /^door "Yard": codecs must have PCMA, PCMU or G722: .* and it has rights$/);
    desk.switchboard.addDoor(yard, 'door "Yard"', { codecs: ["opus"] });
  });

  it("a door with rights is refused where rtpengine carries the media, which passes keys from peer to peer", async () => {
    await open();
    const media = { rtpengine: ["127.0.0.1:2223"] };
    const other = new Switchboard({ sip: { listeners: [] }, media, clock: new FakeClock() });
    assert.match(
      thrown(() => other.addDoor({ ...yard, rights }, 'door "Yard"')).message,
      /^Yard says who may open it, and the media of its endpoint run in rtpengine \(127\.0\.0\.1:2223\).*: have the endpoint carry/,
    );
    assert.equal(other.entrances.get("yard"), undefined);
    other.addDoor(yard, 'door "Yard"');
    await other.close();
  });

  it("a bell that a transfer connects with another door's number opens neither by what is pressed at the other", async () => {
    await open();
    desk.switchboard.addDoor({ ...yard, rights }, 'door "Yard"');
    const { bell, phone } = await desk.talking();
    const other = desk.device("8001");
    await other.party.register(other.password, { expires: 7200 });
    await phone.refer("<sip:8001@10.0.0.1>");
    await other.pickUp({}, "t8");
    await desk.clock.advance(100);
    await press(bell, "2");
    assert.equal(other.party.count("INFO"), 0, "what is pressed at the bell reaches no door with rights");
    const [first] = sessions.flatMap((session, at) => (session.over ? [] : (tones[at] ?? [])));
    assert.equal(first, "keep", "nor do its tones");
    await press(other, "1");
    assert.equal(bell.party.count("INFO"), 1, "one without takes all");
  });

  it("H9 in a room no member's tones reach a door with rights, nor those of who may not open", async () => {
    for (const [settings, mayOpen, expected] of [
      [{ rights }, [], "keep keep"],
      [{}, [], "ignore ignore"],
      [{}, ["6001"], "ignore keep"],
      [{ codesFrom: "door" }, [], "ignore ignore"],
    ] as const) {
      await open(settings);
      desk.switchboard.addRoom(
        { name: "Hall", memberNumber: "888", visitorNumber: "777", mayOpen: [...mayOpen] },
        "Hall",
      );
      watchRoom();
      const members: Device[] = [];
      for (const [user, number] of [
        ["6001", "888"],
        ["6002", "777"],
      ] as const) {
        const phone = await desk.phone(user);
        const invite = await phone.dial(number);
        await phone.answered(invite);
        members.push(phone);
      }
      const bell = desk.device("8000");
      await bell.dial("100");
      void desk.switchboard.lastVisit("front")?.answerBy(async (ringing) => {
        await ringing.confer({});
        return { result: "answered", by: "6001", tries: 1, parties: [] };
      });
      await bell.party.takeResponse(200);
      await desk.clock.advance(100);
      assert.equal(tones.slice(0, 2).join(" "), expected, JSON.stringify([settings, mayOpen]));
      if ("codesFrom" in settings) assert.deepEqual([tones[2], events[2], passed], ["keep", "keep", false]);
      await desk.close();
    }
    await open();
  });

  async function press(device: Device, keys: string): Promise<void> {
    await device.press(keys);
    await desk.clock.advance(200);
  }
});
