// H4–H19: each strategy with a bell and phones of another make: who rings, who is heard, and what the end says.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkConfig } from "../../src/server/config.ts";
import { startServer, type Server } from "../../src/server/server.ts";
import type { Party, Recorded, VisitEnd } from "../../src/visit/messages.ts";
import { strategyNames, type StrategyName } from "../../src/visit/strategies/usual.ts";
import type { StrategySettings } from "../../src/visit/strategy.ts";
import { sine, wav } from "../media/wav.ts";
import { without } from "../support/peers.ts";
import { Record } from "../visit/house.ts";
import { Baresip, bestHalf } from "./baresip.ts";

const password = "correct-horse";
const bellTone = 440;
const tones = [880, 1320];
const announced = 1000;

interface Line {
  readonly event: string;
  readonly visit?: { readonly door: string };
  readonly payload: { readonly slot?: string; readonly by?: string; readonly targets?: readonly string[] };
}

type Settings = Omit<StrategySettings, "strategy">;

/** A strategy's door, and what happens there. */
interface Run {
  readonly title: string;
  settings(first: string, second: string): Settings;
  play(scene: Scene): Promise<void>;
}

/** A bell whose door has the strategy, and the phones that it names. */
class Scene {
  readonly name: StrategyName;
  readonly lines: Record<Line>;
  readonly address: string;
  readonly #devices: Baresip[] = [];

  constructor(name: StrategyName, lines: Record<Line>, address: string) {
    this.name = name;
    this.lines = lines;
    this.address = address;
  }

  static numbers(name: StrategyName): readonly [bell: string, first: string, second: string] {
    const nth = String(strategyNames.indexOf(name)).padStart(2, "0");
    return [`8${nth}0`, `6${nth}1`, `6${nth}2`];
  }

  async device(nth: 0 | 1 | 2): Promise<Baresip> {
    const extension = Scene.numbers(this.name)[nth];
    const codecs = nth === 1 ? "PCMU" : "PCMA";
    const tone = [bellTone, ...tones][nth] ?? 0;
    const device = await Baresip.start({ server: this.address, extension, password, tone, codecs });
    this.#devices.push(device);
    await device.registered();
    return device;
  }

  dial(device: Baresip, number: string): void {
    device.command("dial", `sip:${number}@${this.address}`);
  }

  /** A bell that has pressed, and phones that had registered. */
  async pressed<const N extends readonly (1 | 2)[]>(...phones: N): Promise<[Baresip, ...{ [K in keyof N]: Baresip }]> {
    const [bell, ...others] = await Promise.all([this.device(0), ...phones.map((nth) => this.device(nth))]);
    assert.ok(bell);
    this.dial(bell, "100");
    return [bell, ...others] as unknown as [Baresip, ...{ [K in keyof N]: Baresip }];
  }

  next(event: string, nth = 1): Promise<Line> {
    return this.lines.next(event, ({ visit }) => visit?.door === this.name, nth);
  }

  async ended(): Promise<VisitEnd> {
    const end = (await this.next("ended")).payload as unknown as VisitEnd;
    assert.equal(end.strategy, this.name);
    return end;
  }

  /** The bell and the nth phone hear each other, then the bell hangs up: what the bell has heard, and the end. */
  async talk(bell: Baresip, phone: Baresip, nth: 1 | 2): Promise<{ heard: Int16Array; end: VisitEnd }> {
    await Promise.all([phone.event("CALL_ESTABLISHED"), bell.event("CALL_ESTABLISHED")]);
    await Promise.all([bell.hears(tones[nth - 1] ?? 0), phone.hears(bellTone)]);
    bell.command("hangup");
    await phone.event("CALL_CLOSED");
    const end = await this.ended();
    assert.deepEqual([end.outcome, end.answeredBy], ["answered", Scene.numbers(this.name)[nth]]);
    return { heard: await bell.end(), end };
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.end()));
  }
}

const calling = (phone: Baresip, nth = 1) => phone.event("CALL_INCOMING", { nth });
const said = (parties: readonly Party[]) =>
  parties.map(({ try: nth, target, result, cause }) => `${nth} ${target.slice(-1)} ${result} ${cause}`).sort();

/** How many milliseconds after the first phone the second began to ring. */
const later = ({ parties }: VisitEnd): number => {
  const began = (nth: string) => Date.parse(parties.find(({ target }) => target.endsWith(nth))?.rangAt ?? "");
  return began("2") - began("1");
};

let files: string;
const sound = (name: string) => ({ file: join(files, `${name}.wav`) });

const runs: { readonly [Name in StrategyName]: Run } = {
  "ring-all": {
    title: "H4, H5 both ring, the second one answers, the first one stops",
    settings: (first, second) => ({ targets: [first, second], seconds: 30 }),
    play: async (scene) => {
      const [bell, first, second] = await scene.pressed(1, 2);
      await Promise.all([calling(first), calling(second)]);
      second.command("accept");
      await first.event("CALL_CLOSED");
      const { end } = await scene.talk(bell, second, 2);
      assert.deepEqual(said(end.parties), ["1 1 cancelled 16", "1 2 answered 16"]);
    },
  },
  hunt: {
    title: "H5, H6 the first has its two seconds, then the second rings alone, and answers",
    settings: (first, second) => ({ targets: [{ target: first, seconds: 2 }, second], seconds: 30 }),
    play: async (scene) => {
      const [bell, first, second] = await scene.pressed(1, 2);
      await first.event("CALL_CLOSED");
      await calling(second);
      second.command("accept");
      const { end } = await scene.talk(bell, second, 2);
      assert.deepEqual(said(end.parties), ["1 1 no-answer 19", "2 2 answered 16"]);
      assert.ok(later(end) >= 1950, `the second came ${later(end)} ms after the first`);
    },
  },
  waves: {
    title: "H13 the second joins the first, which goes on ringing, and answers",
    settings: (first, second) => ({ targets: [first, second], waitSeconds: 1, seconds: 30 }),
    play: async (scene) => {
      const [bell, first, second] = await scene.pressed(1, 2);
      await Promise.all([calling(first), calling(second)]);
      first.command("accept");
      await second.event("CALL_CLOSED");
      const { end } = await scene.talk(bell, first, 1);
      assert.deepEqual(said(end.parties), ["1 1 answered 16", "1 2 cancelled 16"]);
      assert.ok(later(end) >= 950, `the second came ${later(end)} ms after the first`);
    },
  },
  redial: {
    title: "H10, H14 who is busy is rung again after the wait, and who is absent is tried again",
    settings: (first, second) => ({ targets: [first, second], seconds: 30, tries: 3, waitSeconds: 0.5 }),
    play: async (scene) => {
      const [bell, first] = await scene.pressed(1);
      await calling(first);
      first.command("hangup"); // 486
      await calling(first, 2);
      first.command("accept");
      const { end } = await scene.talk(bell, first, 1);
      assert.deepEqual(said(end.parties), [
        ...["1 1 busy 17", "1 2 unregistered 20"],
        ...["2 1 answered 16", "2 2 unregistered 20"],
      ]);
    },
  },
  "retry-dial": {
    title: "H15 the visitor hears music, the announcement after a vain try, and who answers the next one",
    settings: (first) => ({
      ...{ targets: [first], seconds: 30, tries: 3, waitSeconds: 1 },
      ...{ announcement: sound("announcement"), sound: sound("music") },
    }),
    play: async (scene) => {
      const [bell, first] = await scene.pressed(1);
      await calling(first);
      await bell.received(1.5);
      first.command("hangup");
      await calling(first, 2);
      await assert.rejects(bell.event("CALL_ESTABLISHED", { ms: 1 }), "all that is early media");
      first.command("accept");
      const { heard, end } = await scene.talk(bell, first, 1);
      assert.ok(bestHalf(heard, 660) > 0.9, `the music: ${bestHalf(heard, 660)}`);
      assert.ok(bestHalf(heard, announced) > 0.9, `the announcement: ${bestHalf(heard, announced)}`);
      assert.deepEqual(said(end.parties), ["1 1 busy 17", "2 1 answered 16"]);
    },
  },
  "until-answered": {
    title: "H16, H17, H19, X1 answered first, the bell hears ring-back while nobody is there; who registers is rung",
    settings: (first, second) => ({ targets: [first, second], answerFirst: true, waitSeconds: 600 }),
    play: async (scene) => {
      const [bell] = await scene.pressed();
      await bell.event("CALL_ESTABLISHED");
      await bell.received(1.5);
      // Its registration ends the wait of ten minutes.
      const second = await scene.device(2);
      await calling(second);
      second.command("accept");
      const { heard, end } = await scene.talk(bell, second, 2);
      assert.ok(bestHalf(heard, 425) > 0.9, `ring-back: ${bestHalf(heard, 425)}`);
      assert.deepEqual(said(end.parties).slice(0, 2), ["1 1 unregistered 20", "1 2 unregistered 20"]);
      assert.ok(said(end.parties).includes("2 2 answered 16"));
    },
  },
  park: {
    title: "H7, H8 the bell waits, and the phone that dials 555 has it",
    settings: () => ({ place: "Parking" }),
    play: async (scene) => {
      const [bell, first] = await scene.pressed(1);
      await bell.event("CALL_ESTABLISHED");
      assert.equal((await scene.next("parked")).payload.slot, "701");
      scene.dial(first, "555");
      await scene.talk(bell, first, 1);
    },
  },
  conference: {
    title: "H9 the bell waits in the room, and has who dials its number for members",
    settings: () => ({ place: "Hall", seconds: 60 }),
    play: async (scene) => {
      const [bell, first] = await scene.pressed(1);
      await bell.event("CALL_ESTABLISHED");
      scene.dial(first, "888");
      await scene.talk(bell, first, 1);
    },
  },
  message: {
    title: "the visitor hears the greeting, and is recorded",
    settings: () => ({ greeting: sound("announcement"), messageSeconds: 2 }),
    play: async (scene) => {
      const [bell] = await scene.pressed();
      const { kind, seconds } = (await scene.next("recorded")).payload as unknown as Recorded;
      assert.deepEqual([kind, Math.round(seconds)], ["message", 2]);
      await bell.event("CALL_CLOSED");
      assert.equal((await scene.ended()).answeredBy, undefined);
      const heard = await bell.end();
      assert.ok(bestHalf(heard, announced) > 0.9, `the greeting: ${bestHalf(heard, announced)}`);
    },
  },
  refuse: {
    title: "the bell is told the status",
    settings: () => ({ status: 486 }),
    play: async (scene) => {
      const [bell] = await scene.pressed();
      assert.match(String((await bell.event("CALL_CLOSED"))["param"]), /486/);
      assert.equal((await scene.ended()).cause, 17);
    },
  },
  steps: {
    title: "H5 the first alone for a second, then the second: one record of both",
    settings: (first, second) => ({
      steps: [
        { strategy: "ring-all", targets: [first], seconds: 1 },
        { strategy: "redial", targets: [second], seconds: 30, tries: 2 },
      ],
    }),
    play: async (scene) => {
      const [bell, first, second] = await scene.pressed(1, 2);
      await first.event("CALL_CLOSED");
      await calling(second);
      second.command("accept");
      const { end } = await scene.talk(bell, second, 2);
      assert.deepEqual(said(end.parties), ["1 1 no-answer 19", "2 2 answered 16"]);
    },
  },
};

// Each has a bell and phones of its own, so that several go on at once.
describe("strategies with real devices", { skip: without("baresip"), concurrency: 4 }, () => {
  const lines = new Record<Line>();
  let server: Server;
  let address: string;
  before(async () => {
    files = await mkdtemp(join(tmpdir(), "portero-strategies-"));
    await writeFile(sound("announcement").file, wav(sine(announced, 1.5)));
    await writeFile(sound("music").file, wav(sine(660, 1)));
    const numbers = strategyNames.map((name) => [name, ...Scene.numbers(name)] as const);
    server = await startServer(
      checkConfig({
        sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
        media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
        folder: files,
        extensions: numbers.flatMap(([, , ...two]) => two.map((extension) => ({ extension, password }))),
        parking: [{ name: "Parking" }],
        rooms: [{ name: "Hall", memberNumber: "888" }],
        doors: numbers.map(([name, bell, first, second]) => ({
          ...{ id: name, name, extension: bell, password },
          strategy: { strategy: name, ...runs[name].settings(first, second) },
        })),
      }),
      (line) => lines.add(line as unknown as Line),
    );
    address = `127.0.0.1:${server.switchboard.addresses[0]?.port ?? 0}`;
  });
  after(async () => {
    await server.close();
    await rm(files, { recursive: true });
  });

  for (const name of strategyNames)
    it(`${name}: ${runs[name].title}`, async () => {
      const scene = new Scene(name, lines, address);
      try {
        await runs[name].play(scene);
      } finally {
        await scene.close();
      }
    });
});
