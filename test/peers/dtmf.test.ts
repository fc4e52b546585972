// Digits to and from programs of other makers: RFC 4733 with baresip and sipp, tones that multimon-ng reads out of what
// arrived at a phone, and tones that ffmpeg made. A house between two of them turns the one into the other.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { DtmfMethod } from "../../src/dtmf.ts";
import { Secret } from "../../src/secret.ts";
import { checkConfig } from "../../src/server/config.ts";
import { startServer, type Server } from "../../src/server/server.ts";
import { SimPhone, type SimEvent } from "../../src/sim/sim.ts";
import type { VisitEvent } from "../../src/visit/messages.ts";
import { Record } from "../visit/house.ts";
import { freePorts } from "../support/ports.ts";
import { patienceMs, until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { Baresip } from "./baresip.ts";

const password = "correct-horse";
/** sipp plays digits by a raw socket. */
const asRoot = process.getuid?.() === 0 ? false : "sipp plays digits as root only";

interface Devices {
  readonly door?: { readonly dtmf?: DtmfMethod };
  readonly phone?: { readonly dtmf?: DtmfMethod; readonly dtmfTones?: boolean };
}

/** A house with the door 8000 and the phone 6001, which its presses ring. */
class House {
  readonly server: Server;
  readonly events = new Record<VisitEvent>();

  private constructor(server: Server) {
    this.server = server;
    server.switchboard.on("visit", this.events.add);
  }

  static async open({ door, phone }: Devices): Promise<House> {
    const strategy = { strategy: "ring-all", targets: ["6001"], seconds: 20 };
    const config = checkConfig({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: [{ extension: "6001", password, ...phone }],
      doors: [{ id: "front", name: "Front door", extension: "8000", password, code: "159#", ...door, strategy }],
    });
    return new House(await startServer(config, () => {}));
  }

  get address(): string {
    return `127.0.0.1:${this.server.switchboard.addresses[0]?.port}`;
  }

  async baresip(extension: string, options: Partial<Parameters<typeof Baresip.start>[0]> = {}): Promise<Baresip> {
    const made = await Baresip.start({
      ...{ server: this.address, extension, password, tone: extension === "8000" ? 440 : 880, codecs: "PCMA" },
      ...{ answer: extension !== "8000", ...options },
    });
    await made.registered();
    return made;
  }

  /** The digits that the flow heard, when there are so many. */
  async digits(
    count: number,
  ): Promise<{ digits: string; payloads: { by: string; from: string; durationMs?: number }[] }> {
    await this.events.next("dtmf", () => true, count);
    const payloads = this.events.all
      .filter(({ event }) => event === "dtmf")
      .map(({ payload }) => payload as { digit: string; by: string; from: string; durationMs?: number });
    return { digits: payloads.map(({ digit }) => digit).join(""), payloads };
  }
}

/** What multimon-ng finds in 16-bit samples of 8 kHz. */
async function multimon(samples: Int16Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "portero-multimon-"));
  try {
    const raw = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const [from, to] = [join(folder, "8000.raw"), join(folder, "22050.raw")];
    await writeFile(from, raw);
    const as = (rate: number) => ["-f", "s16le", "-ar", String(rate), "-ac", "1"];
    await run(thePeer("ffmpeg"), ["-loglevel", "error", "-y", ...as(8000), "-i", from, ...as(22_050), to]);
    const { output } = await run(thePeer("multimon-ng"), ["-q", "-a", "DTMF", "-t", "raw", to]);
    return [...output.matchAll(/DTMF: (.)/g)].map(([, digit]) => digit).join("");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Digits as ffmpeg makes them: 80 ms each with 80 ms between, after a second of silence, as a WAV file. */
async function ffmpegDigits(digits: string): Promise<Uint8Array> {
  const rows = ["123A", "456B", "789C", "*0#D"];
  const pairs = Array.from(digits, (digit) => {
    const row = rows.findIndex((keys) => keys.includes(digit));
    return [[697, 770, 852, 941][row] ?? 0, [1209, 1336, 1477, 1633][rows[row]?.indexOf(digit) ?? 0] ?? 0] as const;
  });
  const terms = pairs.map(([low, high], i) => {
    const [from, to] = [1 + 0.16 * i, 1.08 + 0.16 * i];
    return `between(t\\,${from}\\,${to})*(0.3*sin(2*PI*${low}*t)+0.3*sin(2*PI*${high}*t))`;
  });
  const folder = await mkdtemp(join(tmpdir(), "portero-ffmpeg-"));
  try {
    const file = join(folder, "digits.wav");
    const source = `aevalsrc=${terms.join("+")}:s=8000:d=${3 + 0.16 * digits.length}`;
    const { code, output } = await run(thePeer("ffmpeg"), [
      ...["-loglevel", "error", "-f", "lavfi", "-i", source],
      ...["-c:a", "pcm_s16le", "-fflags", "+bitexact", "-map_metadata", "-1", "-y", file],
    ]);
    assert.equal(code, 0, output);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("digits and other makers", () => {
  let house: House | undefined;
  let devices: Baresip[] = [];
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.end()));
    await house?.server.close();
    [house, devices] = [undefined, []];
  });

  /** A baresip as the bell and one as the phone, which talk. */
  async function talking(settings: Devices, phoneOptions: Parameters<House["baresip"]>[1] = {}) {
    const home = (house = await House.open(settings));
    const phone = await home.baresip("6001", phoneOptions);
    const bell = await home.baresip("8000");
    devices = [bell, phone];
    bell.command("dial", `sip:100@${home.address};transport=udp`);
    await Promise.all([bell.event("CALL_ESTABLISHED"), phone.event("CALL_ESTABLISHED")]);
    await home.events.next("answered");
    const visit = home.server.switchboard.lastVisit("front");
    assert.ok(visit);
    return { home, bell, phone, visit };
  }

  /** The digits that a baresip has told of. */
  async function heardBy(device: Baresip, count: number): Promise<string> {
    const events = await Promise.all(
      Array.from({ length: count }, (_, i) => device.event("CALL_DTMF_START", { nth: i + 1 })),
    );
    return events.map((event) => String(event["param"])).join("");
  }

  /** Sends until multimon-ng reads the keys in what a baresip received: on a busy machine a tone may have holes. */
  async function reads(keys: string, device: Baresip, send: (keys: string) => Promise<unknown>): Promise<void> {
    let read = "";
    await until(
      `multimon-ng to read ${keys}`,
      async () => {
        await send(keys);
        await device.received((await device.seconds()) + 0.3);
        read = await multimon(await device.samples());
        return read.endsWith(keys);
      },
      () => `It read ${read}.`,
    );
  }

  describe("baresip", { skip: without("baresip") }, () => {
    it("N5 presses keys by RFC 4733, which the bell and the flow get once", async () => {
      const { home, bell, phone } = await talking({});
      for (const digit of "15#") phone.command("sndcode", digit);
      const { digits, payloads } = await home.digits(3);
      assert.equal(digits, "15#");
      assert.ok(payloads.every(({ by, from }) => by === "rfc4733" && from === "answerer"));
      assert.equal(await heardBy(bell, 3), "15#");
    });

    it("P11, H15 understands digits that we send by RFC 4733: a code, and digits of the flow", async () => {
      const { home, bell, phone, visit } = await talking({ door: { dtmf: "rfc4733" } });
      const opening = await home.server.switchboard.open({ door: "front", by: "test" });
      assert.deepEqual([opening.ok, opening.method], [true, "dtmf-rfc4733"]);
      assert.equal(await heardBy(bell, 4), "159#");
      await visit.sendDigits("*0", { to: "answerer", durationMs: 100, gapMs: 100 });
      assert.equal(await heardBy(phone, 2), "*0");
    });

    it("N5 understands a digit that came by RFC 4733 and goes on as INFO", async () => {
      const { home, bell, phone } = await talking({ door: { dtmf: "info" } });
      phone.command("sndcode", "7");
      assert.equal((await home.digits(1)).digits, "7");
      assert.equal(await heardBy(bell, 1), "7");
    });
  });

  it(
    "N5 sipp presses keys by RFC 4733, which the flow hears once, and a phone gets by INFO",
    { skip: without("sipp") || asRoot },
    async () => {
      const home = (house = await House.open({ phone: { dtmf: "info" } }));
      const { port } = home.server.switchboard.addresses[0] ?? assert.fail();
      const phone = new SimPhone({
        ...{ server: { host: "127.0.0.1", port }, extension: "6001", password: new Secret(password), answerAfterMs: 0 },
      });
      const seen = new Record<SimEvent>();
      phone.on("event", seen.add);
      try {
        await phone.start();
        await seen.next("registered");
        const [media = 0] = await freePorts(1);
        const { code, output } = await run(
          thePeer("sipp"),
          [
            ...[`127.0.0.1:${port}`, "-sf", fileURLToPath(new URL("sipp/bell-presses.xml", import.meta.url))],
            ...["-s", "8000", "-au", "8000", "-ap", password, "-m", "1", "-i", "127.0.0.1", "-mp", String(media)],
            ...["-nostdin", "-timeout", `${patienceMs / 1000}s`],
          ],
          { cwd: tmpdir() },
        );
        assert.equal(code, 0, output);
        const { digits, payloads } = await home.digits(4);
        assert.equal(digits, "159#");
        assert.ok(payloads.every(({ by, from }) => by === "rfc4733" && from === "door"));
        await seen.next("dtmf", () => true, 4);
        const got = seen.all.flatMap((event) => (event.event === "dtmf" ? [`${event.digit} ${event.by}`] : []));
        assert.deepEqual(got, ["1 dtmf-relay", "5 dtmf-relay", "9 dtmf-relay", "# dtmf-relay"]);
      } finally {
        await phone.close();
      }
    },
  );

  it(
    "H15 multimon-ng reads all sixteen keys out of what arrived at a phone as tones",
    { skip: without("baresip", "multimon-ng", "ffmpeg") },
    async () => {
      for (const codec of ["PCMA", "G722"]) {
        const { home, phone, visit } = await talking({ phone: { dtmf: "inband" } }, { codecs: codec });
        await phone.received(0.5);
        await reads("1234567890*#ABCD", phone, (keys) =>
          visit.sendDigits(keys, { to: "answerer", durationMs: 100, gapMs: 100 }),
        );
        await Promise.all(devices.map((device) => device.end()));
        await home.server.close();
        [house, devices] = [undefined, []];
      }
    },
  );

  it(
    "P11 multimon-ng reads a door's code out of what arrived at the bell as tones",
    { skip: without("baresip", "multimon-ng", "ffmpeg") },
    async () => {
      const { home, bell } = await talking({ door: { dtmf: "inband" } });
      await bell.received(0.5);
      await reads("159#", bell, async () => {
        const opening = await home.server.switchboard.open({ door: "front", by: "test" });
        assert.deepEqual([opening.ok, opening.method], [true, "dtmf-inband"]);
      });
    },
  );

  it(
    "N5 tones that ffmpeg made and a phone plays are heard, reach the bell by RFC 4733, and not as tones too",
    { skip: without("baresip", "multimon-ng", "ffmpeg") },
    async () => {
      const keys = "159D*0#37";
      const sound = await ffmpegDigits(keys);
      assert.equal(await multimon(new Int16Array(sound.slice(44).buffer)), keys, "they are good ones");
      const { home, bell } = await talking({ phone: { dtmfTones: true }, door: { dtmf: "rfc4733" } }, { sound });
      const { digits, payloads } = await home.digits(keys.length);
      assert.equal(digits, keys);
      assert.ok(payloads.every(({ by, durationMs = 0 }) => by === "inband" && Math.abs(durationMs - 80) <= 25));
      assert.equal(await heardBy(bell, keys.length), keys);
      devices = devices.filter((device) => device !== bell);
      assert.equal(await multimon(await bell.end()), "", "the rest of a tone is no digit");
    },
  );
});
