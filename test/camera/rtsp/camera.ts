// A camera for tests that speaks RTSP as it is told: on loopback, ended with its test. Each request is shown to `answer`,
// which may say something else than a good camera does.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net, { type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";
import type { TestContext } from "node:test";
import type { Frame, VideoFormat, VideoStream } from "../../../src/camera/video.ts";
import { openVideo, type VideoSettings } from "../../../src/camera/upstream.ts";
import type { Clock } from "../../../src/clock.ts";
import type { PorteroError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import { packedJpeg, rtpPacket } from "./packets.ts";

export interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** Undefined = as a good camera answers; "nothing" = not at all. */
export type Saying = {
  readonly status: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export interface RtspCamera {
  readonly url: string;
  readonly port: number;
  readonly asked: Asked[];
  /** Connections that were made, and those that are open still. */
  readonly connections: number;
  readonly open: number;
  /** Resolves with the nth request of that method. */
  request(method: string, nth?: number): Promise<Asked>;
  /** Sends these bytes to whoever plays. */
  send(bytes: Buffer | string): void;
  /** Sends a picture, whole: four quarters, RFC 2435. */
  picture(): void;
  /** Ends the connections. */
  drop(): void;
}

const sdp = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", "m=video 0 RTP/AVP 26", "a=control:track1", ""].join(
  "\r\n",
);

export interface CameraOptions {
  /** The name of a certificate in test/fixtures/tls. */
  readonly tls?: string;
  readonly session?: string;
  readonly answer?: (asked: Asked, camera: RtspCamera) => Saying | "nothing" | undefined;
}

export async function rtspCamera(t: TestContext, options: CameraOptions = {}): Promise<RtspCamera> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
  let [connections, sequence, time] = [0, 0, 0];
  const onConnection = (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (;;) {
        while (text.startsWith("$") && text.length >= 4 + reportLength(text)) text = text.slice(4 + reportLength(text));
        const end = text.indexOf("\r\n\r\n");
        if (text.startsWith("$") || end < 0) return;
        const lines = text.slice(0, end).split("\r\n");
        text = text.slice(end + 4);
        const [method = "", uri = ""] = (lines[0] ?? "").split(" ");
        if (!method.startsWith("RTSP/")) answer(socket, { method, uri, headers: headersOf(lines.slice(1)) });
      }
    });
  };
  const answer = (socket: Socket, asked: Asked) => {
    camera.asked.push(asked);
    const said = options.answer?.(asked, camera) ?? good(asked, options.session ?? "4711;timeout=60");
    for (const wake of waiting) wake();
    if (said === "nothing") return;
    const { status, headers = {}, body = "" } = said;
    const all = {
      CSeq: asked.headers.get("cseq") ?? "",
      ...headers,
      ...(body ? { "Content-Length": body.length } : {}),
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`RTSP/1.0 ${status}\r\n${lines.join("")}\r\n${body}`);
  };
  const { tls: name } = options;
  const server = name
    ? tls.createServer({ cert: fixture(`${name}.pem`), key: fixture(`${name}.key`) }, onConnection)
    : net.createServer(onConnection);
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const camera: RtspCamera = {
    url: `${name ? "rtsps" : "rtsp"}://127.0.0.1:${port}/live`,
    port,
    asked: [],
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    request: (method, nth = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const found = camera.asked.filter((one) => one.method === method)[nth - 1];
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    send: (bytes) => sockets.forEach((socket) => socket.write(bytes)),
    picture() {
      time += 3600;
      for (const payload of packedJpeg({ name: "quarters-420.jpg", quality: 255 }, time))
        camera.send(interleaved(0, rtpPacket(sequence++, payload, 26)));
    },
    drop: () => sockets.forEach((socket) => socket.destroy()),
  };
  t.after(() => {
    camera.drop();
    server.close();
  });
  return camera;
}

const reportLength = (text: string): number =>
  text.length < 4 ? Infinity : text.charCodeAt(2) * 256 + text.charCodeAt(3);

const headersOf = (lines: readonly string[]): Map<string, string> =>
  new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );

function good({ method, headers }: Asked, session: string): Saying {
  const status = "200 OK";
  const ended = { Session: session };
  switch (method) {
    case "OPTIONS":
      return { status, headers: { Public: "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN" } };
    case "DESCRIBE":
      return { status, headers: { "Content-Type": "application/sdp" }, body: sdp };
    case "SETUP":
      return { status, headers: { ...ended, Transport: `${headers.get("transport") ?? ""};server_port=6000-6001` } };
    default:
      return { status, headers: ended };
  }
}

/** A packet in the connection (RFC 2326 §10.12). */
export function interleaved(channel: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

export interface Watched {
  readonly stream: VideoStream;
  readonly frames: Frame[];
  readonly formats: VideoFormat[];
  /** What is debugged. */
  readonly log: string[];
  readonly ended: Promise<PorteroError | undefined>;
  /** Resolves when that many frames have come. */
  count(frames: number): Promise<void>;
}

/** Opens a stream that ends with its test. */
export function watch(t: TestContext, url: string, more: Partial<VideoSettings> = {}, clock?: Clock): Watched {
  const log: string[] = [];
  const write = (message: string) => void log.push(message);
  const stream = openVideo(
    { videoUrl: new Secret(url), ...more },
    { ...(clock ? { clock } : {}), log: { error: write, warn: write, info: write, debug: write } },
  );
  const frames: Frame[] = [];
  const formats: VideoFormat[] = [];
  const waiting = new Set<() => void>();
  stream.on("format", (format) => formats.push(format));
  stream.on("frame", (frame) => {
    frames.push(frame);
    for (const wake of waiting) wake();
  });
  const ended = new Promise<PorteroError | undefined>((resolve) => stream.on("ended", resolve));
  t.after(() => stream.close());
  const count = (wanted: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (frames.length < wanted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { stream, frames, formats, log, ended, count };
}
