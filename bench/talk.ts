// A browser that answers a bell: how long until its first picture, with ten seconds between two whole ones of the camera.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Media } from "../src/media/media.ts";
import { Chromium } from "../test/editor/browser.ts";
import { prepare, talking, type Talk } from "../test/peers/talk-page.ts";
import { sine, wav } from "../test/media/wav.ts";
import { freePorts } from "../test/support/ports.ts";
import { thePeer } from "../test/support/peers.ts";
import { Child } from "../test/support/processes.ts";
import { percentile, type Row } from "./figures.ts";
import { scratch } from "./server.ts";

const runs = 20;

const bellOffer = (audio: number, video: number) =>
  [
    ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${audio} RTP/AVP 8`],
    ...[
      `m=video ${video} RTP/AVP 96`,
      "a=rtpmap:96 H264/90000",
      "a=fmtp:96 packetization-mode=1;profile-level-id=4d401f",
      "",
    ],
  ].join("\r\n");

export async function talk(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  const file = join(folder.path, "microphone.wav");
  writeFileSync(file, wav(sine(1000, 2, 48_000), { rate: 48_000 }));
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><link rel=icon href=data:,>");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
  const [audio = 0, from = 0] = await freePorts(2);
  const bell = await media.open();
  bell.receiveOffer(bellOffer(audio, from));
  const port = /^m=video (\d+)/m.exec(bell.answer())?.[1] ?? "";
  const camera = new Child(thePeer("ffmpeg"), [
    ...["-hide_banner", "-nostdin", "-loglevel", "info", "-re", "-f", "lavfi", "-i", "testsrc=size=1280x720:rate=25"],
    ...["-c:v", "libx264", "-profile:v", "main", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "250"],
    ...["-b:v", "2M", "-pix_fmt", "yuv420p", "-payload_type", "96"],
    ...["-f", "rtp", `rtp://127.0.0.1:${port}?localrtpport=${from}&pkt_size=1200`],
  ]);
  const chromium = await Chromium.start(talking(file));
  try {
    const found: number[] = [];
    for (let run = 0; run <= runs; run++) {
      progress(`browser ${run} of ${runs}`);
      const { page } = await chromium.open();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const session = await media.open(bell);
      session.webrtc = "required";
      await page.exposeFunction("takeAnswer", (sdp: string) => {
        session.receiveAnswer(sdp);
        bell.receiveOffer(bellOffer(audio, from));
        bell.answer(session);
        media.bridge(bell, session);
      });
      await page.evaluate(prepare);
      const took = await page.evaluate(async (offer) => {
        const { talk: made, takeAnswer } = window as unknown as { talk: Talk; takeAnswer: (sdp: string) => void };
        const granted = performance.now();
        const shown = new Promise<number>((resolve) => {
          made.video.requestVideoFrameCallback(() => resolve(performance.now() - granted));
        });
        takeAnswer(await made.answer(offer));
        return await shown;
      }, session.offer(bell));
      found.push(took);
      await page.close();
      await session.close();
    }
    const [first = 0, ...others] = found;
    const ms = (value: number) => `${Math.round(value)} ms`;
    return [
      {
        what: "browser: microphone granted → first picture",
        result: `p50 ${ms(percentile(others, 0.5))}, p99 ${ms(percentile(others, 0.99))}; the very first ${ms(first)}`,
        target: "≤ 150 ms",
      },
    ];
  } finally {
    await chromium.close();
    await camera.end();
    await media.close();
    server.close();
  }
}
