// Both ends of many calls, a program of its own: `media-load.ts {"calls":…,"key":…}` opens two sockets for each call and prints their
// ports; a line `{"set":[[call,port,port],…]}` on its stdin says where to send from now on, 50 packets of G.711 a second each way; a line
// `{"measure":seconds,"id":…}` has it print what arrived in that time, and how long it was under way. With a `key` the second end of each call
// speaks SRTP; what arrives there is counted only.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Sender } from "../src/media/worker/srtp/context.ts";
import { rtpPacket } from "../src/media/worker/rtp.ts";

export interface Load {
  readonly due: number;
  readonly sent: number;
  readonly received: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const frameMs = 20;
/** The delays are counted in steps of a hundredth of a millisecond. */
const perMs = 100;

const wish = JSON.parse(process.argv[2] ?? "") as { calls: number; key?: string };

class End {
  readonly socket: Socket;
  readonly #encrypt: Sender | undefined;
  /** Where to send; 0 = nowhere. */
  to = 0;
  #sequence = 0;

  constructor(socket: Socket, key: string | undefined) {
    this.socket = socket;
    this.#encrypt = key === undefined ? undefined : new Sender({ suite: "AES_CM_128_HMAC_SHA1_80", key });
    socket.on("message", (packet: Buffer) => {
      received++;
      if (key !== undefined) return;
      const late = Math.min(
        delays.length - 1,
        Math.max(0, Math.round((performance.now() - packet.readDoubleLE(12)) * perMs)),
      );
      delays[late] = (delays[late] ?? 0) + 1;
    });
  }

  send(ssrc: number): void {
    const packet = rtpPacket(this.#sequence, 160 * this.#sequence++, frame);
    packet.writeUInt8(8, 1);
    packet.writeUInt32BE(ssrc, 8);
    packet.writeDoubleLE(performance.now(), 12);
    const out = this.#encrypt ? this.#encrypt.protect(packet) : packet;
    if (out) this.socket.send(out, this.to, "127.0.0.1");
    sent++;
  }
}

const frame = Buffer.alloc(160, 0xd5);
const delays = new Uint32Array(2000 * perMs);
let [sent, received, due] = [0, 0, 0];

async function open(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", lookup: (host, _options, callback) => callback(null, host, 4) });
  // With such a look-up it listens before `bind` comes back.
  const listening = once(socket, "listening");
  socket.bind(0, "127.0.0.1");
  await listening;
  return socket.on("error", () => {});
}

const ends: End[] = [];
for (let i = 0; i < 2 * wish.calls; i++) ends.push(new End(await open(), i % 2 ? wish.key : undefined));
console.log(`READY ${JSON.stringify(ends.map(({ socket }) => socket.address().port))}`);

// Evenly over the 20 ms, as calls are; what could not be sent in time for long is left out.
let done = 0;
const began = performance.now();
setInterval(() => {
  const wanted = Math.floor(((performance.now() - began) / frameMs) * ends.length);
  due += wanted - done;
  for (done = Math.max(done, wanted - ends.length); done < wanted; done++) {
    const end = ends[done % ends.length];
    if (end && end.to !== 0) end.send(1000 + (done % ends.length));
  }
}, 1);

function percentile(share: number): number {
  const all = delays.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return delays.findIndex((count) => (seen += count) >= share * all) / perMs;
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const {
    id,
    set = [],
    measure,
  } = JSON.parse(line) as {
    id: number;
    set?: [number, number, number][];
    measure?: number;
  };
  for (const [call, ...ports] of set)
    for (const [i, port] of ports.entries()) {
      const end = ends[2 * call + i];
      if (end) end.to = port;
    }
  if (measure === undefined) return;
  delays.fill(0);
  [sent, received, due] = [0, 0, 0];
  setTimeout(() => {
    const load: Load = { due, sent, received, p50: percentile(0.5), p99: percentile(0.99) };
    console.log(`RESULT ${id} ${JSON.stringify(load)}`);
  }, measure * 1000);
});
