// A camera on loopback that shows the film of clock-film.ts in real time: by RTSP (H.264, in the connection), as Motion
// JPEG and as single JPEGs by HTTP. It remembers when each picture left, so that a delay can be measured. By RTSP it is heard,
// too (PCMA): with the first pictures of each second it beeps.
import { EventEmitter, once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { encodeA } from "../../src/media/g711.ts";
import { tone } from "../media/tone.ts";
import { h264Film, jpegFilm, perSecond, pictures, sendingOrder } from "./clock-film.ts";
import { packed, rtpPacket } from "./rtsp/packets.ts";
import { interleaved, rtspCamera, type Asked, type RtspCamera, type Saying } from "./rtsp/camera.ts";

const packetBytes = 1_400;
/** Of the pictures of a second the first so many, and what is heard with them. */
export const [beepPictures, beepHertz] = [5, 1_000] as const;
// Of A-law, as long as a picture.
const samples = 8_000 / perSecond;
const beep = Buffer.from(tone(beepHertz, 20_000, samples).map(encodeA));
const silence = Buffer.alloc(samples, 0xd5);

export class ClockCamera {
  readonly rtspUrl: string;
  readonly httpUrl: string;
  readonly #film: readonly Buffer[][];
  readonly #jpegs: readonly Buffer[];
  readonly #order: readonly number[];
  readonly #rtsp: RtspCamera;
  readonly #viewers: Set<ServerResponse>;
  /** Milliseconds since 1970 at which each picture of the film left last. */
  readonly #left: number[] = [];
  readonly #beat = new EventEmitter();
  #shown = 0;
  #index = 0;
  #sequence = 0;
  #away = false;

  /**
   * Ends with its test or suite. `more`: how ffmpeg is to change the film that comes by RTSP. `bFrames`: it is sent in another order
   * than shown.
   */
  static async start(
    t: Pick<TestContext, "after">,
    more: readonly string[] = [],
    bFrames = false,
  ): Promise<ClockCamera> {
    const [film, jpegs] = await Promise.all([h264Film(more, bFrames), jpegFilm()]);
    const sets = (film[0] ?? []).filter((unit) => [7, 8].includes((unit[0] ?? 0) & 0x1f));
    const here: { camera?: ClockCamera } = {};
    const answer = (asked: Asked) => (here.camera?.isAway ? refusal : sayingOf(asked, sets));
    const rtsp = await rtspCamera(t as TestContext, { answer });
    const viewers = new Set<ServerResponse>();
    const server = createServer((request, response) => {
      if (!here.camera || here.camera.isAway) response.destroy();
      else if (request.url === "/still.jpg") here.camera.still(response);
      else {
        response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=picture" });
        viewers.add(response);
        response.on("close", () => viewers.delete(response));
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const http = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const camera = (here.camera = new ClockCamera(film, jpegs, sendingOrder(bFrames), rtsp, viewers, http));
    // The film keeps its beat, whatever the timer does.
    const began = performance.now();
    const due = () => Math.floor(((performance.now() - began) / 1000) * perSecond);
    let done = 0;
    const timer = setInterval(() => {
      for (; done < due(); done += 1) camera.#show();
    }, 5);
    t.after(() => {
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
    });
    return camera;
  }

  private constructor(
    film: readonly Buffer[][],
    jpegs: readonly Buffer[],
    order: readonly number[],
    rtsp: RtspCamera,
    viewers: Set<ServerResponse>,
    http: string,
  ) {
    this.#film = film;
    this.#jpegs = jpegs;
    this.#order = order;
    this.#rtsp = rtsp;
    this.#viewers = viewers;
    this.rtspUrl = rtsp.url;
    this.httpUrl = http;
  }

  get isAway(): boolean {
    return this.#away;
  }

  /** Connections by RTSP. */
  get rtspViewers(): number {
    return this.#rtsp.open;
  }

  /** Ends all connections and takes no others, until it is back. */
  goAway(): void {
    this.#away = true;
    this.#rtsp.drop();
    for (const viewer of this.#viewers) viewer.destroy();
  }

  /** Resolves when so many more pictures have left. */
  async passes(count: number): Promise<void> {
    const until = this.#shown + count;
    while (this.#shown < until) await once(this.#beat, "picture");
  }

  comeBack(): void {
    this.#away = false;
  }

  /** How long after it left the picture with this number was seen, in milliseconds. */
  delay({ index, at }: { readonly index: number; readonly at: number }): number {
    return at - (this.#left[index] ?? NaN);
  }

  still(response: ServerResponse): void {
    const jpeg = this.#jpegs[(this.#index + pictures - 1) % pictures];
    response.writeHead(200, { "Content-Type": "image/jpeg" });
    response.end(jpeg);
  }

  #show(): void {
    this.#shown += 1;
    this.#beat.emit("picture");
    const index = this.#index;
    this.#index = (index + 1) % pictures;
    // Which it is, and when it is shown.
    const ahead = (this.#order[index % this.#order.length] ?? 0) - (index % this.#order.length);
    this.#left[index + ahead] = Date.now();
    const time = (90_000 / perSecond) * (this.#shown + ahead);
    for (const payload of packed("h264", this.#film[index] ?? [], "fragmented", time, packetBytes))
      this.#rtsp.send(interleaved(0, rtpPacket(this.#sequence++, payload)));
    this.#rtsp.send(interleaved(2, soundPacket(this.#shown, index % perSecond < beepPictures ? beep : silence)));
    const jpeg = this.#jpegs[index] ?? Buffer.alloc(0);
    for (const viewer of this.#viewers) {
      viewer.write(`--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
      viewer.write(jpeg);
      viewer.write("\r\n");
    }
  }
}

const soundPacket = (number: number, bytes: Buffer): Buffer =>
  rtpPacket(number & 0xffff, { bytes, marker: false, time: samples * number }, 8, 8);

const refusal: Saying = { status: "503 Service Unavailable" };

/** As a good camera that knows nothing but TCP; undefined: as any does. */
function sayingOf({ method, headers }: Asked, sets: readonly Buffer[]): Saying | undefined {
  if (method === "SETUP" && !/interleaved/.test(headers.get("transport") ?? ""))
    return { status: "461 Unsupported Transport" };
  if (method !== "DESCRIBE") return undefined;
  const parameters = `packetization-mode=1;sprop-parameter-sets=${sets.map((set) => set.toString("base64")).join()}`;
  const lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"];
  const sound = ["m=audio 0 RTP/AVP 8", "a=control:track2"];
  const body = [...lines, `a=fmtp:96 ${parameters}`, "a=control:track1", ...sound, ""].join("\r\n");
  return { status: "200 OK", headers: { "Content-Type": "application/sdp" }, body };
}
