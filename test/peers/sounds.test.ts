// Programs of other makers hear what we play: baresip as a bell, before its call is answered and after it; sipp as a bell
// whose sound ffmpeg receives.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import type { StrategySettings } from "../../src/visit/strategy.ts";
import { sine, wav } from "../media/wav.ts";
import { patienceMs } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run, start } from "../support/processes.ts";
import { Baresip, bestHalf, toneShare } from "./baresip.ts";

const password = "correct-horse";
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-heard-"));
});
after(() => rm(folder, { recursive: true }));

/** A house with one bell, whose visitor hears a file while 6001 is looked for again and again. */
async function house(file: Buffer, settings: Partial<StrategySettings> = {}) {
  const path = join(folder, "wait.wav");
  await writeFile(path, file);
  const strategy = { strategy: "redial", targets: ["6001"], seconds: 30, sound: { file: path }, ...settings };
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: [{ extension: "6001", password }],
      doors: [{ id: "front", name: "Front door", extension: "8000", password, code: "1234", strategy }],
    }),
    () => {},
  );
  return { server, address: `127.0.0.1:${server.switchboard.addresses[0]?.port}` };
}

describe("baresip as a bell", { skip: without("baresip") }, () => {
  for (const [title, file, codecs] of [
    ["16 bits at 8 kHz, in PCMA", wav(sine(1000, 1)), "PCMA"],
    ["16 bits at 16 kHz, in PCMU", wav(sine(1000, 1, 16_000), { rate: 16_000 }), "PCMU"],
    ["µ-law, in G722", wav(sine(1000, 1), { format: 7 }), "G722"],
  ] as const)
    it(`H15 hears a file again and again before anybody answers: ${title}`, async () => {
      const { server, address } = await house(file);
      const bell = await Baresip.start({ server: address, extension: "8000", password, tone: 440, codecs });
      let heard: Int16Array;
      try {
        await bell.registered();
        bell.command("dial", `sip:100@${address}`);
        await bell.event("CALL_PROGRESS");
        await bell.received(2.5);
        await assert.rejects(bell.event("CALL_ESTABLISHED", { ms: 1 }));
      } finally {
        heard = await bell.end();
        await server.close();
      }
      const share = bestHalf(heard, 1000);
      assert.ok(share > 0.9, `${share} of the second in which it was heard best`);
    });

  it("H16, H19 is answered first, hears the file, and then who answers", async () => {
    const { server, address } = await house(wav(sine(1000, 1)), { answerFirst: true });
    const common = { server: address, password, codecs: "PCMA" };
    const bell = await Baresip.start({ ...common, extension: "8000", tone: 440 });
    const phone = await Baresip.start({ ...common, extension: "6001", tone: 880 });
    let heard: Int16Array;
    try {
      await Promise.all([bell.registered(), phone.registered()]);
      bell.command("dial", `sip:100@${address}`);
      await bell.event("CALL_ESTABLISHED");
      await phone.event("CALL_INCOMING");
      await bell.received(1.5);
      phone.command("accept");
      await phone.event("CALL_ESTABLISHED");
      await Promise.all([bell.hears(880), phone.hears(440)]);
    } finally {
      [heard] = await Promise.all([bell.end(), phone.end()]);
      await server.close();
    }
    assert.ok(bestHalf(heard, 1000) > 0.9, "the file first");
  });
});

describe("sipp as a bell, ffmpeg as its ear", { skip: without("sipp", "ffmpeg") }, () => {
  it("H15 is told by 183 where the sound comes from, and it is sound RTP", async () => {
    const { server, address } = await house(wav(sine(1000, 1), { format: 6 }));
    const [ear = 0] = await freePorts(1);
    const sdp = join(folder, "ear.sdp");
    const out = join(folder, "heard.raw");
    const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${ear} RTP/AVP 0`];
    await writeFile(sdp, lines.join("\n") + "\n");
    const ffmpeg = start(thePeer("ffmpeg"), [
      ...["-nostdin", "-y", "-protocol_whitelist", "file,udp,rtp", "-i", sdp],
      ...["-t", "2", "-f", "s16le", "-ar", "8000", out],
    ]);
    const scenario = fileURLToPath(new URL("sipp/bell-hears.xml", import.meta.url));
    const sipp = run(
      thePeer("sipp"),
      [
        ...[address, "-sf", scenario, "-m", "1", "-i", "127.0.0.1", "-nostdin", "-timeout", `${patienceMs / 1000}s`],
        ...["-s", "8000", "-au", "8000", "-ap", password, "-key", "ear", String(ear)],
      ],
      { cwd: folder },
    );
    try {
      const exit = await ffmpeg.exit;
      assert.equal(exit.code, 0, ffmpeg.output);
      server.switchboard.lastVisit("front")?.refuse(480);
      const { code, output } = await sipp;
      assert.equal(code, 0, output);
      assert.doesNotMatch(ffmpeg.output, /jitter|missed \d+ packets|late|discontinuity/i);
    } finally {
      await server.close();
      await ffmpeg.end();
    }
    const bytes = await readFile(out);
    const heard = Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
    assert.ok(heard.length >= 15_000, `${heard.length} samples`);
    assert.ok(toneShare(heard, 1000) > 0.9);
  });
});
