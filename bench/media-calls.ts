// Calls without signalling, a program of its own: `media-calls.ts {"ports":[…,…],"server":…,"key":…,"blockMs":…}`. A line
// `{"open":[[call,port,port],…],"id":…}` on its stdin opens two sessions for each call, towards these ports of the load, bridges them and
// prints where the load has to send; `{"close":[call,…]}` ends calls. The sessions are Portero's own worker's, or with `server` those of
// an rtpengine there. With a `key` the second session of each call speaks SRTP. `blockMs`: so long the main thread is busy each second.
import { createInterface } from "node:readline";
import { systemClock } from "../src/clock.ts";
import { Media, type MediaSession } from "../src/media/media.ts";
import { textAt } from "../src/media/rtpengine/bencode.ts";
import { Server } from "../src/media/rtpengine/server.ts";
import { dialUdp, parseServer } from "../src/media/rtpengine/wire.ts";

const wish = JSON.parse(process.argv[2] ?? "") as {
  ports: [number, number];
  server?: string;
  key?: string;
  blockMs?: number;
};

type Ports = [call: number, first: number, second: number];

const described = (port: number, protocol = "RTP/AVP", ...more: string[]) =>
  [
    ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${port} ${protocol} 8`],
    ...[...more, ""],
  ].join("\r\n");
const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);

/** Our line of an answer that takes SRTP, with the tag that the suite has in the offer. */
const secured = (port: number, key: string, offer: string) => {
  const tag = /a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 /.exec(offer)?.[1] ?? "1";
  return described(port, "RTP/SAVP", `a=crypto:${tag} AES_CM_128_HMAC_SHA1_80 inline:${key}`);
};

interface Relay {
  open(ports: Ports): Promise<Ports>;
  close(call: number): Promise<unknown>;
}

async function portero(): Promise<Relay> {
  const media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: wish.ports });
  const calls = new Map<number, readonly MediaSession[]>();
  return {
    open: async ([call, first, second]) => {
      const [caller, callee] = [await media.open(), await media.open()];
      caller.receiveOffer(described(first));
      if (wish.key !== undefined) callee.encryption = "required";
      const offer = callee.offer(caller);
      callee.receiveAnswer(wish.key === undefined ? described(second) : secured(second, wish.key, offer));
      const answer = caller.answer(callee);
      media.bridge(caller, callee);
      calls.set(call, [caller, callee]);
      return [call, portOf(answer), portOf(offer)];
    },
    close: (call) => Promise.all((calls.get(call) ?? []).map((session) => session.close())),
  };
}

function rtpengine(address: string): Relay {
  const server = new Server(parseServer(address), "bench", systemClock, dialUdp, { changed: () => {}, gone: () => {} });
  const usual = { "from-tag": "a", ICE: "remove", "rtcp-mux": ["demux"] };
  const ask = async (command: string, call: number, fields: object) =>
    textAt(await server.request(command, { "call-id": `call-${call}`, ...usual, ...fields }), "sdp");
  return {
    open: async ([call, first, second]) => {
      const how = wish.key === undefined ? {} : { "transport-protocol": "RTP/SAVP", DTLS: "off" };
      const offer = await ask("offer", call, { sdp: described(first), ...how });
      const sdp = wish.key === undefined ? described(second) : secured(second, wish.key, offer);
      const answer = await ask("answer", call, { "to-tag": "b", sdp });
      return [call, portOf(answer), portOf(offer)];
    },
    close: (call) => ask("delete", call, {}),
  };
}

const relay = wish.server === undefined ? await portero() : rtpengine(wish.server);

if (wish.blockMs !== undefined) {
  const { blockMs } = wish;
  setInterval(() => {
    for (const until = performance.now() + blockMs; performance.now() < until;);
  }, 1000);
}

// One line after the other, as they come.
let turn = Promise.resolve();
createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line) as { id: number; open?: Ports[]; close?: number[] };
  turn = turn.then(async () => {
    await Promise.all((order.close ?? []).map((call) => relay.close(call)));
    const opened: Ports[] = [];
    for (const one of order.open ?? []) opened.push(await relay.open(one));
    console.log(`OPENED ${order.id} ${JSON.stringify(opened)}`);
  });
});
console.log("READY");
