// X7 with a camera and a screen of another make: ffmpeg encodes a picture with one key frame, ever, and without parameter sets
// in its stream; another ffmpeg joins late, knows none of them, and shows it.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Media } from "../../src/media/media.ts";
import { freePorts } from "../support/ports.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { Child } from "../support/processes.ts";

const [width, height] = [320, 240];
/** Grey of the bars of SMPTE's test picture, from the left: their luma, 16 to 235, over all of a byte. */
const bars = [191, 170, 134, 112, 79, 57, 22];

const described = (audio: number, video: number, more = "") =>
  [
    ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${audio} RTP/AVP 8`],
    ...[`m=video ${video} RTP/AVP 96`, "a=rtpmap:96 H264/90000", `a=fmtp:96 packetization-mode=1${more}`, ""],
  ].join("\r\n");

/** Whether somebody has this UDP port; asked of the kernel, since who tries it takes it for a moment. */
const isBound = async (port: number) =>
  (await readFile("/proc/net/udp", "utf8")).includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `);

describe("X7 early video beside ffmpeg", { skip: without("ffmpeg") }, () => {
  const children: Child[] = [];
  let media: Media;
  let folder: string;
  before(async () => {
    media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    folder = await mkdtemp(join(tmpdir(), "portero-video-"));
  });
  after(async () => {
    await Promise.all(children.map((child) => child.end()));
    await media.close();
    await rm(folder, { recursive: true, force: true });
  });
  const ffmpeg = (...args: string[]) => {
    const child = new Child(thePeer("ffmpeg"), ["-hide_banner", "-nostdin", "-loglevel", "info", ...args]);
    children.push(child);
    return child;
  };

  it("shows the camera's picture to who joins seconds after its only key frame", async () => {
    const [audio = 0, camera = 0, screen = 0] = await freePorts(3);
    const bell = await media.open();
    bell.receiveOffer(described(audio, camera));
    const port = /^m=video (\d+)/m.exec(bell.answer())?.[1] ?? assert.fail();
    const encoder = ffmpeg(
      ...["-re", "-f", "lavfi", "-i", `smptebars=size=${width}x${height}:rate=25`],
      ...["-c:v", "libx264", "-profile:v", "baseline", "-tune", "zerolatency", "-g", "10000", "-sc_threshold", "0"],
      // Parameter sets in the SDP only.
      ...["-flags", "+global_header", "-payload_type", "96"],
      ...["-f", "rtp", `rtp://127.0.0.1:${port}?localrtpport=${camera}&pkt_size=1200`],
    );
    const [, sets = ""] = await encoder.line(/sprop-parameter-sets=([^;\s]+)/);
    bell.receiveOffer(described(audio, camera, `;sprop-parameter-sets=${sets}`));
    bell.answer();
    const received = async () => (await bell.stats()).video?.received ?? 0;
    await until("two seconds of pictures", async () => (await received()) >= 60);

    const [picture, told] = [join(folder, "picture.gray"), join(folder, "screen.sdp")];
    const phone = await media.open();
    phone.offer(bell);
    phone.receiveAnswer(described(audio, screen));
    await writeFile(told, described(0, screen).replace(/m=audio.*\r\n/, ""));
    const viewer = ffmpeg(
      ...["-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "1000000", "-i", told],
      ...["-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-y", picture],
    );
    // It listens once it has read its description.
    await until("ffmpeg to listen", () => isBound(screen));
    media.show(bell, phone);
    const { code } = await viewer.exit;
    assert.equal(code, 0, viewer.output);
    const pixels = await readFile(picture);
    assert.equal(pixels.length, width * height, viewer.output);
    const row = height / 4;
    for (const [i, luma] of bars.entries()) {
      const pixel = pixels[row * width + Math.floor(((i + 0.5) * width) / bars.length)] ?? -1;
      assert.ok(Math.abs(pixel - luma) < 6, `bar ${i} is ${pixel}, not ${luma}`);
    }
    assert.equal((await bell.stats()).video?.lost, 0);
  });
});
