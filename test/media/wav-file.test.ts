// Recordings on disk, read back by the reader of sounds and by the bytes of the format.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { WavFile } from "../../src/media/wav-file.ts";
import { readWav } from "../../src/media/wav.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-wav-"));
});
after(() => rm(folder, { recursive: true }));

const isCode = (code: string) => (e: unknown) => e instanceof PorteroError && e.code === code;
const ramp = (samples: number) => Int16Array.from({ length: samples }, (_, i) => (i % 2000) - 1000);

describe("a recording's file", () => {
  it("is a WAV file that a player takes, of mono, and says how long it is", async () => {
    const file = await WavFile.create(join(folder, "mono.wav"), 1);
    file.write(ramp(8000));
    file.write(ramp(4000));
    assert.deepEqual(await file.close(), { bytes: 44 + 24_000, seconds: 1.5 });
    const clip = readWav(await readFile(file.path));
    assert.deepEqual([clip.encoding, clip.rate, clip.data.length], ["linear", 8000, 24_000]);
    assert.deepEqual([...clip.data.subarray(0, 4)], [0x18, 0xfc, 0x19, 0xfc]);
  });

  it("has two channels side by side", async () => {
    const file = await WavFile.create(join(folder, "stereo.wav"), 2);
    file.write(Int16Array.of(1, -1, 2, -2));
    assert.equal((await file.close()).seconds, 2 / 8000);
    const bytes = await readFile(file.path);
    assert.equal(bytes.length, 52);
    assert.deepEqual(
      [22, 32].map((at) => bytes.readUInt16LE(at)),
      [2, 4],
    );
    assert.equal(bytes.readUInt32LE(28), 32_000);
    assert.deepEqual(
      [44, 46, 48, 50].map((at) => bytes.readInt16LE(at)),
      [1, -1, 2, -2],
    );
  });

  it("is whole after each piece, though nobody closes it: a crash costs a second", async () => {
    const file = await WavFile.create(join(folder, "crash.wav"), 1);
    file.write(ramp(8000));
    for (let bytes: Buffer; ;) {
      bytes = await readFile(file.path);
      if (bytes.length < 16_044 || bytes.readUInt32LE(40) === 0) continue;
      assert.equal(bytes.readUInt32LE(40), bytes.length - 44);
      assert.equal(bytes.readUInt32LE(4), bytes.length - 8);
      break;
    }
    await file.close();
  });

  it("may be read by its owner only, and never takes the place of another file", async () => {
    const path = join(folder, "once.wav");
    await (await WavFile.create(path, 1)).close();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await assert.rejects(WavFile.create(path, 1), isCode("no-file"));
    await assert.rejects(WavFile.create(join(folder, "nowhere", "x.wav"), 1), /cannot be written: .*no such file/i);
  });

  it("gives up on a disk that does not keep up, and says so", async () => {
    const file = await WavFile.create(join(folder, "slow.wav"), 1);
    for (let i = 0; i < 300; i++) file.write(new Int16Array(8000));
    await assert.rejects(file.close(), isCode("slow-disk"));
    const bytes = await readFile(file.path);
    assert.equal(bytes.readUInt32LE(40), bytes.length - 44);
  });
});
