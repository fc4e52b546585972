// X7: what several receivers get of one camera's H.264, early and late.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Audience, type Viewer } from "../../../src/media/worker/video/audience.ts";
import { contents, describedSets, holds } from "../../../src/media/worker/video/h264.ts";
import { around, end } from "../ends.ts";
import { control, read, rtcp, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";
import { delimiter, Film, h264, idr, inParts, pps, slice, sps, together } from "./film.ts";

const routes = [{ from: 96, to: 97, rate: 90_000 }];
const ticks = new Set<(now: number) => void>();
const metronome = {
  add: (tick: (now: number) => void) => {
    ticks.add(tick);
    return () => void ticks.delete(tick);
  },
};
const beat = () => {
  for (const tick of [...ticks]) tick(0);
};

class Screen implements Viewer {
  readonly out: { source: object | undefined } = { source: undefined };
  readonly seen: Buffer[] = [];
  pass(packet: Buffer, source: object): void {
    this.out.source = source;
    this.seen.push(Buffer.from(packet));
  }
  bits = () => this.seen.map(contents);
  numbers = () => this.seen.map((packet) => read(packet).sequence);
}

let audience: Audience;
let film: Film;
let screen: Screen;
const play = (...packets: Buffer[]) => {
  for (const packet of packets) audience.pass(Buffer.from(packet));
};
const key = () => film.picture(sps, pps, idr);

beforeEach(() => {
  ticks.clear();
  [around.now, around.own] = [1_000_000, []];
  audience = new Audience({}, { now: () => 0, metronome });
  film = new Film();
  screen = new Screen();
});

describe("RFC 6184 what a packet holds", () => {
  const of = (body: Buffer) => contents(rtp({ body }));
  it("is seen in single units, in those together, and at the begin of one in parts", () => {
    assert.deepEqual([sps, pps, idr, slice, delimiter].map(of), [1, 2, 4, 8, 16]);
    assert.equal(of(together(sps, pps, idr)), holds.sps | holds.pps | holds.idr);
    assert.deepEqual(inParts(idr, 3).map(of), [holds.idr, 0, 0]);
    assert.deepEqual(inParts(slice, 2).map(of), [holds.slice, 0]);
  });

  it("is nothing where it is cut short or lies about its lengths", () => {
    for (const hex of ["", "7c", "78", "780005", "78ffff6742", "780000", "00", "7f01"])
      assert.equal(of(Buffer.from(hex, "hex")), 0, hex);
    const random = seeded(264);
    for (let i = 0; i < 20_000; i++) {
      const noise = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
      if (noise.length > 0 && random(2)) noise[0] = random(2) ? 0x78 : 0x7c;
      play(rtp({ body: noise, sequence: i, timestamp: i }));
    }
  });

  it("§8.1 may stand in the SDP", () =>
    assert.deepEqual(describedSets(`${sps.toString("base64")},${pps.toString("base64")},AAAA,!`), [sps, pps]));
});

describe("X7 several receivers", () => {
  it("see the same, each in packets of its own", () => {
    const other = new Screen();
    audience.join(screen, routes);
    audience.join(other, routes);
    play(...key(), ...film.picture(slice));
    assert.deepEqual(screen.seen, other.seen);
    assert.equal(screen.seen.length, 4);
    audience.leave(other);
    play(...film.picture(slice));
    assert.deepEqual([screen.seen.length, other.seen.length], [5, 4]);
  });
});

describe("The last whole picture", () => {
  const seen = () => audience.keyFrame()?.packets.map(contents);

  it("is there once its last packet has come: with its parameter sets, and its age", () => {
    let now = 0;
    audience = new Audience({}, { now: () => now, metronome });
    const [first, second, ...rest] = film.picture(sps, pps, ...inParts(idr, 3));
    assert.ok(first && second);
    play(first, second, ...rest.slice(0, -1));
    assert.equal(audience.keyFrame(), undefined);
    now = 70;
    play(...rest.slice(-1));
    assert.deepEqual(seen(), [holds.sps, holds.pps, holds.idr, 0, 0]);
    assert.equal(audience.keyFrame()?.age, 70);
    play(...film.picture(slice), ...film.picture(slice));
    assert.deepEqual(seen(), [holds.sps, holds.pps, holds.idr, 0, 0]);
  });

  it("is there without a mark when the next has begun, with the sets of the SDP where the stream has none", () => {
    audience.sets.describe([sps, pps].map((set) => set.toString("base64")).join());
    const unmarked = film.picture(idr).map((packet) => Buffer.from(packet.fill(packet.readUInt8(1) & 0x7f, 1, 2)));
    play(...unmarked);
    assert.equal(audience.keyFrame(), undefined);
    play(...film.picture(slice));
    assert.deepEqual(seen(), [holds.sps, holds.pps, holds.idr]);
  });

  it("is none before a key frame", () => {
    play(...film.picture(slice));
    assert.equal(audience.keyFrame(), undefined);
  });
});

describe("X7 a late receiver", () => {
  it("gets what came since the last key frame began, with its parameter sets, and then what comes", () => {
    play(...film.picture(slice), ...key(), ...film.picture(slice));
    play(...film.picture(delimiter, sps, pps, ...inParts(idr, 3)), ...film.picture(slice), ...film.picture(slice));
    assert.equal(audience.join(screen, routes), true);
    assert.deepEqual(screen.bits(), [1, 2, 4, 0, 0, 8, 8]);
    beat();
    play(...film.picture(slice));
    assert.deepEqual([screen.seen.length, ticks.size], [8, 0]);
    const numbers = screen.numbers();
    assert.ok(
      numbers.every((number, i) => i === 0 || number === (numbers[i - 1] ?? 0) + 1),
      numbers.join(),
    );
  });

  it("is not as far behind as the key frame: the pictures missed lie a millisecond apart", () => {
    play(...key());
    for (let i = 0; i < 100; i++) play(...film.picture(slice));
    const live = film.timestamp;
    audience.join(screen, routes);
    while (ticks.size > 0) beat();
    const times = screen.seen.map((packet) => read(packet).timestamp);
    assert.equal(times[0], live - 100 * 90);
    assert.equal(times.at(-1), live);
    assert.ok(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0)));
  });

  it("gets it in portions, and what comes meanwhile behind it", () => {
    play(...key());
    for (let i = 0; i < 97; i++) play(...film.picture(slice));
    audience.join(screen, routes);
    assert.equal(screen.seen.length, 40);
    play(...film.picture(slice));
    assert.equal(screen.seen.length, 40);
    beat();
    beat();
    assert.equal(screen.seen.length, 101);
    const numbers = screen.numbers();
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });

  it("gets nothing old where there is no key frame, or too much came since", () => {
    play(...film.picture(slice), ...film.picture(slice));
    assert.equal(audience.join(screen, routes), true, "a whole picture is wanted");
    assert.equal(screen.seen.length, 0);
    audience.leave(screen);
    play(...key());
    for (let i = 0; i < 2100; i++) play(...film.picture(slice));
    audience.join(screen, routes);
    assert.equal(screen.seen.length, 0);
    play(...key());
    const later = new Screen();
    audience.join(later, routes);
    assert.deepEqual(later.bits(), [1, 2, 4]);
  });

  it("is not sent again what it sees already: who answers was shown the visitor before", () => {
    play(...key());
    audience.join(screen, routes);
    beat();
    audience.leave(screen);
    assert.equal(audience.join(screen, routes), false);
    assert.equal(screen.seen.length, 3);
  });

  it("who leaves in the middle leaves nothing behind", () => {
    play(...key());
    for (let i = 0; i < 200; i++) play(...film.picture(slice));
    audience.join(screen, routes);
    audience.join(new Screen(), routes);
    audience.end();
    assert.equal(ticks.size, 0);
  });

  it("sees nothing of an earlier source", () => {
    play(...key(), ...film.picture(slice));
    film = new Film(9000, 8);
    play(...film.picture(slice));
    audience.join(screen, routes);
    assert.equal(screen.seen.length, 0);
  });
});

describe("parameter sets that are missing", () => {
  beforeEach(() => {
    audience.join(screen, routes);
  });

  it("are put ahead of the next key frames once they were seen, in the time of the picture", () => {
    play(...key(), ...film.picture(slice), ...film.picture(idr), ...film.picture(...inParts(idr, 2)));
    assert.deepEqual(screen.bits(), [1, 2, 4, 8, 1, 2, 4, 1, 2, 4, 0]);
    const numbers = screen.numbers();
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => 100 + i),
    );
    const [one = assert.fail(), two, three] = screen.seen.slice(4).map(read);
    assert.deepEqual([one.timestamp, two?.timestamp], [three?.timestamp, three?.timestamp]);
    assert.deepEqual([one.marker, one.payload, one.ssrc], [false, 96, 7]);
    assert.deepEqual(one.body, sps);
  });

  it("are those of the SDP, until the stream brings its own", () => {
    audience.sets.describe(`${sps.toString("base64")},${pps.toString("base64")}`);
    play(...film.picture(idr));
    assert.deepEqual(screen.bits(), [1, 2, 4]);
    const other = Buffer.concat([sps, Buffer.from([9])]);
    play(...film.picture(together(other, pps, idr)), ...film.picture(idr));
    assert.deepEqual(screen.bits().slice(3), [7, 1, 2, 4]);
    assert.deepEqual(
      new Set(screen.seen.slice(4, 6).map((packet) => read(packet).body.toString("hex"))),
      new Set([other, pps].map((one) => one.toString("hex"))),
    );
  });

  it("are put ahead of a key frame that came before they were known, for who comes late", () => {
    audience = new Audience({}, { now: () => 0, metronome });
    const late = new Screen();
    play(...film.picture(idr), ...film.picture(slice));
    audience.sets.describe(`${sps.toString("base64")},${pps.toString("base64")}`);
    audience.join(late, routes);
    assert.deepEqual(late.bits(), [1, 2, 4, 8]);
    const numbers = late.numbers();
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => (numbers[0] ?? 0) + i),
    );
  });

  it("are completed where one was lost", () => {
    play(...key());
    const [, second, third] = key();
    play(...[second, third].flatMap((packet) => packet ?? []));
    assert.deepEqual(screen.bits().slice(3), [2, 1, 2, 4], "the sequence's before the picture's");
  });

  it("are put once for a picture of several slices", () => {
    play(...key(), ...film.picture(idr, idr, idr));
    assert.deepEqual(screen.bits().slice(3), [1, 2, 4, 4, 4]);
  });

  it("a packet that was overtaken by them keeps its place", () => {
    play(...key());
    const [late] = film.picture(slice);
    const [next] = film.picture(idr);
    play(...[next, late].flatMap((packet) => packet ?? []));
    assert.deepEqual(screen.bits().slice(3), [1, 2, 4, 8]);
    assert.deepEqual(screen.numbers().slice(3), [104, 105, 106, 103]);
  });

  it("move the numbers of all that follows, for more than the 65 536 that there are", () => {
    play(...key(), ...film.picture(slice), ...film.picture(idr));
    for (let i = 0; i < 70_000; i++) play(...film.picture(slice));
    const numbers = screen.numbers();
    for (let i = 1; i < numbers.length; i++) assert.equal(numbers[i], ((numbers[i - 1] ?? 0) + 1) & 0xffff, `${i}`);
  });
});

describe("streams of video", () => {
  const pictures = { sends: [h264], receives: [h264], feedback: ["nack pli"] };
  const video = (port: number) => end(port, pictures, "video", metronome);
  const way = [{ from: 96, to: 96, rate: 90_000 }];

  it("X7 show one camera to all that ring, each in its own numbers; one that loses something asks the camera", () => {
    const [camera, hall, kitchen] = [video(4000), video(5000), video(6000)];
    camera.stream.show(hall.stream, way);
    for (const packet of key()) camera.stream.receive(packet, "192.0.2.1", 4000);
    camera.stream.show(kitchen.stream, way);
    const bodies = ({ media }: typeof hall) => media.map(({ packet }) => read(packet).body);
    assert.deepEqual(bodies(hall), [sps, pps, idr]);
    assert.deepEqual(bodies(kitchen), bodies(hall));
    assert.notEqual(hall.last().ssrc, kitchen.last().ssrc);
    assert.deepEqual([hall.media[0]?.port, kitchen.media[0]?.port], [5000, 6000]);
    const asked = camera.reports.length;
    around.now += 1000;
    kitchen.stream.receiveControl(
      Buffer.concat([rtcp(0, 201, [9]), rtcp(1, 206, [9, kitchen.stream.out.ssrc])]),
      "192.0.2.1",
      6001,
    );
    assert.equal(camera.reports.length, asked + 1);
    assert.equal(control(camera.report())[2]?.[1], 206);
  });

  it("ask the camera for a whole picture when somebody joins", () => {
    const [camera, hall] = [video(4000), video(5000)];
    for (const packet of film.picture(slice)) camera.stream.receive(packet, "192.0.2.1", 4000);
    camera.stream.show(hall.stream, way);
    assert.deepEqual(control(camera.report())[2], [1, 206, [camera.stream.out.ssrc, 7]]);
  });

  it("go on without a gap to who answers, and stop for the others", () => {
    const [camera, hall, kitchen] = [video(4000), video(5000), video(6000)];
    for (const { stream } of [hall, kitchen]) camera.stream.show(stream, way);
    for (const packet of key()) camera.stream.receive(packet, "192.0.2.1", 4000);
    camera.stream.setRoutes(hall.stream, way);
    kitchen.stream.close();
    for (const packet of film.picture(slice)) camera.stream.receive(packet, "192.0.2.1", 4000);
    const numbers = hall.media.map(({ packet }) => read(packet).sequence);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => ((numbers[0] ?? 0) + i) & 0xffff),
    );
    assert.deepEqual([hall.media.length, kitchen.media.length], [4, 3]);
    hall.stream.close();
    for (const packet of film.picture(slice)) camera.stream.receive(packet, "192.0.2.1", 4000);
    assert.equal(hall.media.length, 4);
  });

  it("RFC 4585 §6.2.1: NACKs count without the packets that were put in", () => {
    const [camera, hall] = [video(4000), video(5000)];
    camera.stream.setRoutes(hall.stream, way);
    hall.stream.setRoutes(camera.stream, way);
    for (const packet of [...key(), ...film.picture(idr)]) camera.stream.receive(packet, "192.0.2.1", 4000);
    const missed = hall.last().sequence;
    const nack = rtcp(1, 205, [9, hall.stream.out.ssrc, missed << 16]);
    hall.stream.receiveControl(Buffer.concat([rtcp(0, 201, [9]), nack]), "192.0.2.1", 5001);
    assert.deepEqual(control(camera.report())[2], [1, 205, [camera.stream.out.ssrc, 7, 103 << 16]]);
  });
});
