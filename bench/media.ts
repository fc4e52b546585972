// The relay: what it costs and how long a packet is under way, beside rtpengine in user space with the same load in the same run; the
// same with SRTP on one side; and with the main thread busy.
import { findProgram } from "../scripts/peers.ts";
import type { Row } from "./figures.ts";
import { Traffic, type Measured, type TrafficOptions } from "./traffic.ts";

const seconds = 10;
const perSecond = 100;
/** SDES: the load's key and salt (RFC 4568 §6.1). */
const key = Buffer.alloc(30, 7).toString("base64");

type Progress = (text: string) => void;

export async function media(progress: Progress): Promise<Row[]> {
  const rtpengine = findProgram("rtpengine");
  if (rtpengine === undefined)
    progress("rtpengine is not installed (Debian package rtpengine-daemon): nothing stands beside");
  return [
    ...(await plain(progress, rtpengine)),
    ...(await encrypted(progress, rtpengine)),
    ...(await blocked(progress)),
  ];
}

interface Pair {
  readonly calls: number;
  readonly ours: Measured;
  readonly theirs: Measured | undefined;
}

const packets = (calls: number) => `${calls} calls (${calls * perSecond} packets/s)`;
const delays = ({ p50, p99 }: Measured) => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
/** Of a core, and per packet. */
const cost = ({ cpu, received }: Measured) =>
  `${(100 * cpu).toFixed(0)} % of a core, ${((cpu * seconds * 1e6) / received).toFixed(1)} µs a packet`;

async function plain(progress: Progress, rtpengine: string | undefined): Promise<Row[]> {
  const found = await most([500, 350, 250, 150, 100, 50], {}, rtpengine, progress);
  if (!found) return [{ what: "relay", result: "not even 50 calls without loss: the machine is busy" }];
  const { calls, ours, theirs } = found;
  const ratio = (which: "p50" | "p99") => (theirs ? (ours[which] / theirs[which]).toFixed(2) : "");
  return [
    {
      ...{ what: `relay CPU, ${packets(calls)}`, result: cost(ours), target: "≤ 1.15 × rtpengine" },
      ...(theirs && { peer: `rtpengine ${cost(theirs)} (${(ours.cpu / theirs.cpu).toFixed(2)})` }),
    },
    {
      ...{ what: `relay delay, ${packets(calls)}`, result: delays(ours), target: "p50 ≤ 1.1 ×, p99 ≤ 2 × rtpengine" },
      ...(theirs && { peer: `rtpengine ${delays(theirs)} (${ratio("p50")}, ${ratio("p99")})` }),
    },
  ];
}

async function encrypted(progress: Progress, rtpengine: string | undefined): Promise<Row[]> {
  const found = await most([300, 200, 100, 50], { key }, rtpengine, (text) => progress(`SRTP↔RTP, ${text}`));
  if (!found) return [];
  const { calls, ours, theirs } = found;
  return [
    {
      ...{ what: `SRTP↔RTP CPU, ${packets(calls)}`, result: cost(ours), target: "≤ 1.3 × rtpengine" },
      ...(theirs && { peer: `rtpengine ${cost(theirs)} (${(ours.cpu / theirs.cpu).toFixed(2)})` }),
    },
  ];
}

async function blocked(progress: Progress): Promise<Row[]> {
  const calls = 100;
  const busy = await attempt({ calls, blockMs: 200 }, "main thread busy", progress);
  return [
    {
      what: `relay delay, ${calls} calls, main thread busy 200 ms in every second`,
      result: delays(busy),
      target: "p99 < 5 ms",
    },
  ];
}

/** The highest of these numbers of calls that both relays, and the load, can do; what each of them cost there. */
async function most(
  levels: readonly number[],
  options: Pick<TrafficOptions, "key">,
  rtpengine: string | undefined,
  progress: Progress,
): Promise<Pair | undefined> {
  for (const calls of levels) {
    const ours = await attempt({ calls, ...options }, "Portero", progress);
    if (!whole(ours)) continue;
    const theirs =
      rtpengine === undefined ? undefined : await attempt({ calls, ...options, rtpengine }, "rtpengine", progress);
    if (!theirs || whole(theirs)) return { calls, ours, theirs };
  }
  return undefined;
}

/** The load sent what it should, and nearly all of it arrived. */
const whole = ({ due, sent, received }: Measured) => sent > 0.97 * due && received > 0.995 * sent;

async function attempt(options: TrafficOptions, name: string, progress: Progress): Promise<Measured> {
  await using traffic = await Traffic.start(options);
  const measured = await traffic.measure(seconds);
  const { due, sent, received } = measured;
  const share = (part: number, of: number) => `${((100 * part) / of).toFixed(1)} %`;
  const said = `${share(sent, due)} sent, ${share(received, sent)} of it arrived`;
  progress(`${name}, ${packets(options.calls)}: ${said}; ${cost(measured)}; ${delays(measured)}`);
  return measured;
}
