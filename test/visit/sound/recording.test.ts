// Conversations and visitors' messages as WAV files, by simulated devices on loopback: what is heard in them.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { SimEvent } from "../../../src/sim/sim.ts";
import type { Outcome, Recorded, VisitEnd } from "../../../src/visit/messages.ts";
import { fileName } from "../../../src/visit/sound/recording.ts";
import { strategyOf, type StrategySettings } from "../../../src/visit/strategy.ts";
import type { SwitchboardOptions } from "../../../src/visit/switchboard.ts";
import { levelOf } from "../../media/tone.ts";
import { sine, wav } from "../../media/wav.ts";
import { until } from "../../support/patience.ts";
import { House } from "../house.ts";

let folder: string;
let house: House;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-recordings-"));
});
afterEach(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

const open = async (options: Partial<SwitchboardOptions> = { recordings: join(folder, "new") }) => {
  house = await House.open({}, undefined, {}, options);
};
const look = (settings: Partial<StrategySettings>) =>
  strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 30, ...settings });

function samplesOf(wav: Buffer, channel: number): number[] {
  const channels = wav.readUInt16LE(22);
  assert.equal(wav.readUInt32LE(40), wav.length - 44, "the head tells of all of it");
  const length = (wav.length - 44) / (2 * channels);
  return Array.from({ length }, (_, i) => wav.readInt16LE(44 + 2 * (i * channels + channel)));
}

/** How loud a pitch is on a channel of a WAV file, in the middle of its sound. */
function level(wav: Buffer, channel: number, hertz: number): number {
  const samples = samplesOf(wav, channel);
  return levelOf(samples.slice(Math.floor(samples.length / 4), Math.floor((3 * samples.length) / 4)), hertz);
}

/** How loud it is in the half second in which it is loudest: a busy machine makes holes. */
function loudest(wav: Buffer, channel: number, hertz: number): number {
  const samples = samplesOf(wav, channel);
  const halves = Array.from({ length: Math.max(1, Math.floor(samples.length / 800) - 4) }, (_, n) => 800 * n);
  return Math.max(...halves.map((from) => levelOf(samples.slice(from, from + 4000), hertz)));
}

describe("a conversation that is recorded", () => {
  /** Two talk until each has heard the other; then one hangs up. */
  async function talk(settings: Partial<StrategySettings>): Promise<void> {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(look(settings));
    await hall.seen.next("ringing");
    await hall.phone.answer();
    await outcome;
    for (const [device, hertz] of [
      [seen, 880],
      [hall.seen, 440],
    ] as const)
      await device.next("audio", (event) => "frequency" in event && Math.abs(event.frequency - hertz) < 15, 2);
    await hall.phone.hangUp();
  }

  it("is a file that only its owner may read, the door left and who answered right; the flow is told of it", async () => {
    await open();
    await talk({ record: "file", recordToneSeconds: 0 });
    const { payload, visit } = await house.event("recorded");
    const recorded = payload as Recorded;
    assert.deepEqual([recorded.kind, recorded.by, recorded.wav], ["call", "6001", undefined]);
    assert.ok(recorded.seconds >= 1, `${recorded.seconds}`);
    const file = recorded.file ?? assert.fail("no file");
    assert.match(file, new RegExp(`^${join(folder, "new")}/\\d{8}T\\d{6}Z-front-call-${visit.id.slice(0, 8)}\\.wav$`));
    assert.deepEqual([(await stat(file)).mode & 0o777, (await stat(join(folder, "new"))).mode & 0o777], [0o600, 0o700]);
    const sound = await readFile(file);
    assert.equal(sound.length, recorded.bytes);
    assert.ok(
      loudest(sound, 0, 440) > -25 && loudest(sound, 1, 880) > -25,
      `${loudest(sound, 0, 440)} ${loudest(sound, 1, 880)}`,
    );
    assert.ok(level(sound, 0, 880) < -40 && level(sound, 1, 440) < -40);
  });

  it("goes to the flow where that is asked for, without a folder", async () => {
    await open({});
    await talk({ record: "flow" });
    const { wav: sound = Buffer.alloc(44), file } = (await house.event("recorded")).payload as Recorded;
    assert.equal(file, undefined);
    assert.ok(loudest(sound, 0, 440) > -25 && loudest(sound, 1, 880) > -25);
  });

  it("is none, and the call goes on, where there is no folder; the flow is told why", async () => {
    await open({});
    await talk({ record: "file" });
    const { reason } = (await house.event("record-failed")).payload as { reason: string };
    assert.match(reason, /no folder for recordings/);
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "answered");
  });

  it("is as long as it may be and no longer", async () => {
    await open();
    await talk({ record: "file", recordMinutes: 0.01 });
    assert.equal(((await house.event("recorded")).payload as Recorded).seconds, 0.6);
  });

  it("is not that of a strategy that says nothing of it, though an earlier one did", async () => {
    await open();
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    await visit.answerBy(look({ targets: ["6009"], record: "file" }));
    const outcome = visit.answerBy(look({}));
    await hall.seen.next("ringing");
    await hall.phone.answer();
    await outcome;
    await hall.phone.hangUp();
    await house.event("ended");
    assert.deepEqual(await readdir(folder), []);
  });

  it("is not switched on by itself", async () => {
    await open();
    await talk({});
    await house.event("ended");
    assert.deepEqual(await readdir(folder), []);
  });
});

describe("a visitor's message", () => {
  const nobody: Partial<StrategySettings> = { targets: ["6009"], seconds: 5 };

  it("is taken where nobody answers: a beep, then what the visitor says, until the time is over", async () => {
    await open();
    const { bell, seen } = await house.bell();
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(look({ ...nobody, messageSeconds: 2 }));
    const message = outcome.message ?? assert.fail("no message");
    assert.deepEqual([message.kind, message.by, message.seconds], ["message", "Front door", 2]);
    const sound = await readFile(message.file ?? "");
    assert.deepEqual([sound.readUInt16LE(22), sound.length], [1, message.bytes]);
    assert.ok(loudest(sound, 0, 440) > -25 && level(sound, 0, 1000) < -40, "the beep is not in it");
    const end = (await house.event("ended")).payload as VisitEnd;
    assert.deepEqual([end.outcome, end.text], ["unanswered", "nobody answered; the visitor left a message"]);
    await seen.next("ended");
    assert.deepEqual(house.events.names(), ["ring", "trying", "recorded", "unanswered", "ended"]);
    assert.deepEqual((await house.event("recorded")).payload, message);
    assert.equal(((await house.event("unanswered")).payload as Outcome).message, message);
  });

  it("ends with # and follows a greeting", async () => {
    await open();
    const hello = join(folder, "hello.wav");
    const { bell, seen } = await house.bell({ digitsBy: "rtp" });
    await writeFile(hello, wav(sine(700, 2.5)));
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(
      look({ ...nobody, messageSeconds: 60, messageTo: "flow", greeting: { file: hello } }),
    );
    const heard = await seen.next("audio", (event) => "frequency" in event && Math.abs(event.frequency - 700) < 15);
    const isAfter = (event: SimEvent) => seen.all.indexOf(event) > seen.all.indexOf(heard);
    await seen.next("audio", (event) => "frequency" in event && event.frequency === 0 && isAfter(event));
    await bell.digits("#");
    const { message } = await outcome;
    const { wav: sound = Buffer.alloc(44), ...about } = (await house.event("recorded")).payload as Recorded;
    assert.deepEqual(message, about, "the outcome tells of it, without the sound itself");
    assert.ok(about.seconds < 20 && loudest(sound, 0, 440) > -25);
  });

  it("ends with silence", async () => {
    await open();
    const { bell } = await house.bell({ tone: 0 });
    const visit = await house.pressed(bell);
    const { message } = await visit.answerBy(look({ ...nobody, messageSeconds: 60, messageSilenceSeconds: 1 }));
    assert.ok(message && message.seconds >= 1 && message.seconds < 3, `${message?.seconds}`);
  });

  it("is kept where the visitor hangs up; nobody has answered then, and nobody has given up either", async () => {
    await open();
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(look({ ...nobody, messageSeconds: 60 }));
    await until("the message to be written", async () => {
      const [name] = await readdir(join(folder, "new")).catch(() => []);
      return name !== undefined && (await stat(join(folder, "new", name))).size > 8_000;
    });
    await bell.hangUp();
    const { message, result } = await outcome;
    assert.equal(result, "unanswered");
    assert.ok(message && message.seconds > 0 && message.seconds < 20);
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "unanswered");
  });

  it("is none where it cannot be kept: the visit ends as without", async () => {
    await writeFile(join(folder, "new"), "a file where the folder should be");
    await open();
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const { message } = await visit.answerBy(look({ ...nobody, messageSeconds: 2 }));
    assert.equal(message, undefined);
    const { reason } = (await house.event("record-failed")).payload as { reason: string };
    assert.match(reason, /the folder .* for recordings cannot be made/);
  });
});

describe("a recording's name", () => {
  it("is sorted by time and holds nothing that a file system takes amiss", async () => {
    await open();
    const at = Date.UTC(2026, 10, 26, 0, 5, 9, 77);
    const name = fileName({ kind: "message", door: "a/b ä", visit: "1a2b3c4d-0000", at });
    assert.equal(name, "20261126T000509Z-a_b__-message-1a2b3c4d.wav");
  });
});
