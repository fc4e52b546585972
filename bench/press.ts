// A press: from the moment the bell's INVITE with credentials is sent to the `ring` line of the server, and to its
// `snapshot` line beyond what the camera itself takes to answer. A phone rings meanwhile; the visitor then gives up.
import { EventEmitter, once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Jimp } from "jimp";
import { Agent } from "./agent.ts";
import { p50p99, type Row } from "./figures.ts";
import { password, Portero, scratch } from "./server.ts";

const presses = 200;
const warm = 30;
const target = "600";

interface Sample {
  readonly ring: number;
  readonly snapshot: number;
  /** What the camera took of it. */
  readonly camera: number;
}

export async function press(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  await using camera = await openCamera();
  const door = { id: "front", name: "Front", extension: "501", password, imageUrl: camera.url };
  const strategy = { strategy: "ring-all", targets: [target], seconds: 30 };
  const extensions = [{ extension: target, password }];
  await using server = await Portero.start(folder.path, { extensions, doors: [{ ...door, strategy }] });
  await using phone = await Agent.open(server.address);
  await phone.register(target);
  const ringing = new Map<string, () => void>();
  phone.request = (request) => {
    if (request.method === "INVITE") {
      phone.answer(request, 180, "phone");
      ringing.set(request.callId, () => phone.answer(request, 487, "phone"));
    } else if (request.method === "CANCEL") {
      phone.answer(request, 200, "phone");
      ringing.get(request.callId)?.();
      ringing.delete(request.callId);
    }
  };
  await using bell = await Agent.open(server.address);
  await bell.register(door.extension);

  const lines = new EventEmitter();
  server.listen(({ event }, at) => lines.emit(String(event), at));
  const line = async (event: string): Promise<number> => {
    try {
      const [at] = (await once(lines, event, { signal: AbortSignal.timeout(5000) })) as [number];
      return at;
    } catch (error) {
      throw new Error(`no "${event}" line came within 5 s`, { cause: error });
    }
  };

  const samples: Sample[] = [];
  for (let i = 0; i < warm + presses; i++) {
    const invite = bell.invite(door.extension, target);
    bell.response = (response) => {
      if (response.callId !== invite.callId || response.cseq?.method !== "INVITE" || response.status < 300) return;
      bell.send(bell.follow("ACK", invite, response));
    };
    const told = Promise.all([line("ring"), line("snapshot")]);
    const sent = bell.send(invite);
    const [ring, snapshot] = await told;
    const over = line("ended");
    bell.send(bell.follow("CANCEL", invite));
    await over;
    if (i >= warm) samples.push({ ring: ring - sent, snapshot: snapshot - sent, camera: camera.took() });
    await sleep(50);
  }
  const beyond = samples.map(({ snapshot, camera }) => snapshot - camera);
  progress(`${presses} presses one after the other, picture ${Math.round(camera.bytes / 1024)} KiB`);
  return [
    { what: "press → `ring` line", result: p50p99(samples.map(({ ring }) => ring)) },
    { what: "press → `snapshot` line, beyond the camera's own time", result: p50p99(beyond) },
  ];
}

interface Camera extends AsyncDisposable {
  readonly url: string;
  readonly bytes: number;
  /** Milliseconds from the last request's arrival to the end of its answer. */
  took(): number;
}

/** A camera that answers at once with a picture made beforehand: 1280 × 720, as busy as a street. */
async function openCamera(): Promise<Camera> {
  const picture = new Jimp({ width: 1280, height: 720 });
  for (let i = 0; i < picture.bitmap.data.length; i++) {
    const noise = Math.imul(i >> 6, 0x9e3779b1) >>> 27;
    picture.bitmap.data[i] = i % 4 === 3 ? 255 : ((i >> 10) % 200) + noise;
  }
  const jpeg = await picture.getBuffer("image/jpeg", { quality: 80 });
  let ms = 0;
  const server = createServer((_request, response: ServerResponse) => {
    const began = performance.now();
    response.once("finish", () => (ms = performance.now() - began));
    response.writeHead(200, { "Content-Type": "image/jpeg", "Content-Length": jpeg.length }).end(jpeg);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const place = server.address();
  const port = typeof place === "object" && place ? place.port : 0;
  return {
    url: `http://127.0.0.1:${port}/snapshot.jpg`,
    bytes: jpeg.length,
    took: () => ms,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
