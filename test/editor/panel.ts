// A door station that is seen by its calls alone: it speaks G.711 and shows H.264 as soon as it is told where to.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { Secret } from "../../src/secret.ts";
import type { OutgoingCall } from "../../src/sip/dialog/outgoing.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { rtp } from "../media/packets.ts";
import { Phone } from "../media/phone.ts";
import { until } from "../support/patience.ts";

export const panel = { extension: "502", password: "the-panel-s-own-one" };
const payload = 96;
const frameMs = 40;

/** The clip of the camera's tests, by pictures: the units of each. */
function pictures(): Buffer[][] {
  const clip = readFileSync(new URL("../camera/rtsp/fixtures/clip.h264", import.meta.url));
  const units = clip
    .toString("latin1")
    .split(/\0?\0\0\x01/)
    .slice(1);
  const made: Buffer[][] = [[]];
  for (const unit of units.map((text) => Buffer.from(text, "latin1"))) {
    const last = made.at(-1)?.at(-1);
    const isSlice = (one: Buffer | undefined) => one !== undefined && [1, 5].includes((one[0] ?? 0) & 0x1f);
    // first_mb_in_slice is 0, or a parameter set comes after a slice.
    if (isSlice(last) && (!isSlice(unit) || ((unit[1] ?? 0) & 0x80) !== 0)) made.push([]);
    made.at(-1)?.push(unit);
  }
  return made;
}

/** It presses its button, and hangs up when the test ends. */
export async function pressPanel(
  t: TestContext,
  port: number,
): Promise<{ call: OutgoingCall; hears: () => Promise<unknown> }> {
  const [voice, camera] = [await Phone.open(), createSocket("udp4")];
  camera.bind(0, "127.0.0.1");
  await once(camera, "listening");
  const endpoint = new Endpoint({ listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] });
  await endpoint.start();
  const video = [`m=video ${camera.address().port} RTP/AVP ${payload}`, `a=rtpmap:${payload} H264/90000`];
  const call = await endpoint.callUri(`sip:${panel.extension}@127.0.0.1:${port}`, {
    from: { number: panel.extension, name: "" },
    sdp: voice.sdp("8", ...video, `a=fmtp:${payload} packetization-mode=1`, "a=sendonly"),
    credentials: { username: panel.extension, password: new Secret(panel.password) },
  });
  const ports = { audio: 0, video: 0 };
  const take = ({ sdp = "" }: { sdp?: string | undefined }) => {
    for (const kind of ["audio", "video"] as const)
      ports[kind] = Number(new RegExp(`^m=${kind} (\\d+)`, "m").exec(sdp)?.[1] ?? ports[kind]);
  };
  call.on("early", take).on("answered", take);
  const film = pictures();
  let [nth, sequence] = [0, 0];
  const timer = setInterval(() => {
    for (let n = 0; ports.audio > 0 && n < frameMs / 20; n++) void voice.sing(ports.audio, 440, "PCMA", 1);
    const units = film[nth++ % film.length] ?? [];
    if (ports.video === 0) return;
    for (const [i, body] of units.entries()) {
      const head = { payload, ssrc: 9, timestamp: nth * 90 * frameMs, sequence: sequence++ & 0xffff };
      camera.send(rtp({ ...head, marker: i === units.length - 1, body }), ports.video, "127.0.0.1");
    }
  }, frameMs);
  t.after(async () => {
    clearInterval(timer);
    call.hangUp();
    await endpoint.close();
    camera.close();
    voice.close();
  });
  const hears = () =>
    until("the panel to hear somebody", () => {
      const loud = voice
        .samples()
        .slice(-8000)
        .filter((sample) => Math.abs(sample) > 500);
      return loud.length > 100;
    });
  return { call, hears };
}
