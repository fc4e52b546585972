// Conferences in one thread without sockets: what a party costs in a beat of 20 ms, from the packet that came in to the one
// that is handed to the socket.
import { g722, pcma } from "../src/media/codec.ts";
import { Conference } from "../src/media/worker/audio/conference.ts";
import { Stream } from "../src/media/worker/stream.ts";
import type { Row } from "./figures.ts";

const beats = 5000;
const warm = 1000;

/** Microseconds of processor time for a party and beat. */
function measure(conferences: number, parties: number, codec = pcma): number {
  let now = 1000;
  const ticks = new Set<(now: number) => void>();
  const metronome = {
    add: (tick: (now: number) => void) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  };
  const streams: Stream[] = [];
  for (let i = 0; i < conferences; i++) {
    const conference = new Conference(metronome);
    for (let n = 0; n < parties; n++) {
      const wire = { rtp: () => {}, rtcp: () => {} };
      const stream = new Stream("audio", wire, { now: () => now, random: Math.random, isOwn: () => false });
      stream.setRemote({
        ...{ address: "192.0.2.1", port: 4000, rtcpPort: 4001, send: true, receive: true },
        ...{ sends: [codec], receives: [codec] },
      });
      conference.add(n, stream, false);
      streams.push(stream);
    }
  }
  const packet = Buffer.alloc(172);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(codec.payload, 1);
  for (let i = 12; i < packet.length; i++) packet[i] = Math.random() * 256;
  let before = process.threadCpuUsage();
  for (let beat = 0; beat < beats; beat++) {
    // The first beats compile the code.
    if (beat === warm) before = process.threadCpuUsage();
    packet.writeUInt16BE(beat & 0xffff, 2);
    packet.writeUInt32BE(beat * 160, 4);
    for (const stream of streams) stream.receive(packet, "192.0.2.1", 4000);
    now += 20;
    for (const tick of ticks) tick(now);
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / ((beats - warm) * streams.length);
}

export function mixer(progress: (text: string) => void): Promise<Row[]> {
  const rows = (
    [
      [1, 3],
      [1, 10],
      [1, 50],
      [30, 3],
      [1, 10, g722],
    ] as const
  ).map(([conferences, parties, codec]) => {
    progress(`${conferences} × ${parties} parties`);
    const micros = measure(conferences, parties, codec);
    const those = conferences === 1 ? `a conference of ${parties}` : `${conferences} conferences of ${parties}`;
    const what = codec ? `${those} in ${codec.name}` : those;
    return {
      what: `${what}: a party's 20 ms`,
      result: `${micros.toFixed(2)} µs, ${Math.round(1000 / micros)} parties/ms`,
      target: "1 µs for the arithmetic",
      peer: "no Asterisk, no FreeSWITCH in Debian 12",
    };
  });
  return Promise.resolve(rows);
}
