// A million mutated messages with a fixed seed, and the worst that fits into 64 KB: what test/sip/message/fuzz.test.ts tries with
// some thousands. A million mutated packets of a camera, as test/camera/rtsp/fuzz.test.ts.
import { fuzz as sendPackets } from "../test/camera/rtsp/fuzzing.ts";
import { fuzz as send, swollen } from "../test/sip/fuzzing.ts";
import type { Row } from "./figures.ts";

const messages = 1_000_000;
const large = 20_000;
const seed = 4475;

export async function fuzz(progress: (text: string) => void): Promise<Row[]> {
  const began = performance.now();
  const many = await send(messages, seed, (done) => {
    if (done % 100_000 === 0) progress(`${done} messages`);
  });
  const perSecond = messages / ((performance.now() - began) / 1000);
  const slow = swollen(large, seed);
  const findings = [...many.findings, ...slow.findings];
  for (const { error, data } of findings.slice(0, 5))
    progress(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${data.toString("latin1", 0, 2000)}`,
    );
  const camera = sendPackets(messages, seed, (done) => progress(`${done} packets of a camera`));
  for (const { error } of camera.findings.slice(0, 5)) progress((error as Error).stack ?? "");
  const slowest = Math.max(many.slowest().ms, slow.slowest().ms);
  return [
    {
      what: "unexpected exceptions in 1,000,000 mutated messages",
      result: `${findings.length} (${Math.round(perSecond)}/s read, handled, answered; ${many.whole} were whole)`,
      target: "0",
    },
    {
      what: `worst of ${large.toLocaleString("en")} messages of up to 64 KB: parsed and read`,
      result: `${slowest.toFixed(1)} ms`,
      target: "≤ 10 ms",
    },
    {
      what: "unexpected exceptions in 1,000,000 packets of a camera",
      result: `${camera.findings.length} (${camera.frames} frames came out; at most ${Math.round(camera.held / 1024)} KiB held)`,
      target: "0",
    },
  ];
}
