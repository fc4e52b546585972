// A stream of the worker without sockets, and what it sent to its peer at 192.0.2.1.
import assert from "node:assert/strict";
import { pcma, type Format } from "../../src/media/codec.ts";
import type { Kind, Remote, Route } from "../../src/media/worker/messages.ts";
import { Stream, type StreamDeps } from "../../src/media/worker/stream.ts";
import { read } from "./packets.ts";
import { seeded } from "./seeded.ts";

export interface Sent {
  packet: Buffer;
  port: number;
  address: string;
}

/** What the streams of a test share; tests turn it. */
export const around: { now: number; own: string[] } = { now: 0, own: [] };

export const events: Format = { payload: 101, name: "telephone-event", rate: 8000, channels: 1 };

export const straight: Route[] = [
  { from: 8, to: 8, rate: 8000 },
  { from: 101, to: 96, rate: 8000 },
];

export function end(
  port: number,
  over: Partial<Remote> = {},
  kind: Kind = "audio",
  metronome?: StreamDeps["metronome"],
) {
  const media: Sent[] = [];
  const reports: Sent[] = [];
  const wanted: number[] = [];
  const random = seeded(port);
  // Three numbers are where its stream begins; the others are in the middle.
  const chances = Array.from({ length: 3 }, () => random(2 ** 32) / 2 ** 32);
  const stream = new Stream(
    kind,
    {
      rtp: (packet, to, address) => media.push({ packet: Buffer.from(packet), port: to, address }),
      rtcp: (packet, to, address) => reports.push({ packet: Buffer.from(packet), port: to, address }),
    },
    {
      now: () => around.now,
      random: () => chances.pop() ?? 0.5,
      isOwn: (address, p) => around.own.includes(`${address}:${p}`),
      wantPicture: () => wanted.push(around.now),
      ...(metronome && { metronome }),
    },
  );
  const remote: Remote = {
    address: "192.0.2.1",
    port,
    rtcpPort: port + 1,
    send: true,
    receive: true,
    sends: [pcma, { ...events, payload: 96 }],
    receives: [pcma, events],
    ...over,
  };
  stream.setRemote(remote);
  const last = () => read((media.at(-1) ?? assert.fail("nothing was sent")).packet);
  const report = () => (reports.at(-1) ?? assert.fail("nothing was reported")).packet;
  return { stream, media, reports, wanted, remote, last, report };
}

export type End = ReturnType<typeof end>;
