// Recordings of calls between two baresip, as ffmpeg reads them: while they grow, and when they are whole.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { levelOf } from "../media/tone.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { Record } from "../visit/house.ts";
import { Baresip, bestHalf, toneShare } from "./baresip.ts";

const password = "correct-horse";
const run = promisify(execFile);

interface Line {
  readonly event: string;
  readonly payload: { readonly file: string; readonly seconds: number };
}

/** A house whose bell and phone 6001 are baresip, with these settings of its strategy. */
async function open(strategy: object) {
  const folder = await mkdtemp(join(tmpdir(), "portero-recorded-"));
  const lines = new Record<Line>();
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      folder,
      extensions: [{ extension: "6001", password }],
      doors: [
        {
          ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
          strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20, ...strategy },
        },
      ],
    }),
    (line) => lines.add(line as unknown as Line),
  );
  const address = `127.0.0.1:${server.switchboard.addresses[0]?.port}`;
  const device = (extension: string, tone: number, codecs: string, answer = false) =>
    Baresip.start({ server: address, extension, password, tone, codecs, answer });
  const close = async () => {
    await server.close();
    await rm(folder, { recursive: true });
  };
  return { folder: join(folder, "recordings"), lines, address, device, close };
}

/** One channel of a WAV file, as ffmpeg decodes it; fails where it finds anything amiss. */
async function decoded(file: string, channel: number): Promise<Int16Array> {
  const { stdout, stderr } = await run(
    thePeer("ffmpeg"),
    ["-v", "error", "-i", file, "-af", `pan=mono|c0=c${channel}`, "-f", "s16le", "-"],
    { encoding: "buffer", maxBuffer: 2 ** 26 },
  );
  assert.equal(stderr.toString(), "");
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + (stdout.length & ~1)));
}

describe("a recording, for a player of another make", { skip: without("baresip", "ffmpeg") }, () => {
  it("has the bell left and the phone right, and plays while it is being written", async () => {
    const { folder, lines, address, device, close } = await open({ record: "file", recordToneSeconds: 0 });
    const [bell, phone] = [await device("8000", 440, "PCMA"), await device("6001", 880, "G722", true)];
    try {
      await Promise.all([bell.registered(), phone.registered()]);
      bell.command("dial", `sip:100@${address}`);
      await bell.event("CALL_ESTABLISHED");
      await Promise.all([bell.received(3), phone.received(3)]);
      const early = await until("a second to be in the file", async () => {
        const [name] = await readdir(folder);
        const found = name === undefined ? undefined : await decoded(join(folder, name), 0);
        return found !== undefined && found.length >= 8000 && found;
      });
      assert.equal(early.length % 8000, 0, `${early.length} samples of whole seconds`);
      bell.command("hangup");
      const { payload } = await lines.next("recorded");
      const [left, right] = [await decoded(payload.file, 0), await decoded(payload.file, 1)];
      assert.equal(left.length, Math.round(payload.seconds * 8000));
      assert.ok(bestHalf(left, 440) > 0.8 && toneShare(left, 880) < 0.02, `left ${toneShare(left, 440)}`);
      assert.ok(bestHalf(right, 880) > 0.8 && toneShare(right, 440) < 0.02, `right ${toneShare(right, 880)}`);
    } finally {
      await Promise.all([bell.end(), phone.end()]);
      await close();
    }
  });

  it("has what a visitor says to nobody, after a beep that the visitor hears", async () => {
    const { lines, address, device, close } = await open({ seconds: 1, messageSeconds: 3 });
    const bell = await device("8000", 440, "PCMU");
    let heard: Int16Array;
    try {
      await bell.registered();
      bell.command("dial", `sip:100@${address}`);
      const { payload } = await lines.next("recorded");
      await bell.event("CALL_CLOSED");
      const message = await decoded(payload.file, 0);
      assert.equal(message.length, 24_000);
      assert.ok(bestHalf(message, 440) > 0.8, `${bestHalf(message, 440)}`);
    } finally {
      heard = await bell.end();
      await close();
    }
    const beep = heard.findIndex((sample) => Math.abs(sample) > 1000);
    assert.ok(beep >= 0 && levelOf([...heard.slice(beep, beep + 2400)], 1000) > -25);
  });
});
