// Hears what a page plays: puts itself between it and the loudspeaker.
import type { Page } from "playwright-core";

/** How loud it is, from 0 to 1, and its strongest frequency, when. */
export interface Heard {
  readonly level: number;
  readonly hertz: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** To be called before the page loads. */
export async function putEar(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const ears: AnalyserNode[] = [];
    const { connect } = AudioNode.prototype as { connect: (to: AudioNode) => AudioNode };
    const earIn = (context: BaseAudioContext): AnalyserNode => {
      const known = ears.find((ear) => ear.context === context);
      if (known) return known;
      const ear = new AnalyserNode(context, { fftSize: 256, smoothingTimeConstant: 0 });
      connect.call(ear, context.destination);
      ears.push(ear);
      return ear;
    };
    AudioNode.prototype.connect = function (this: AudioNode, to: AudioNode) {
      return connect.call(this, to instanceof AudioDestinationNode ? earIn(this.context) : to);
    } as typeof AudioNode.prototype.connect;
    const { play } = HTMLMediaElement.prototype as { play: (this: HTMLMediaElement) => Promise<void> };
    const heard = new WeakSet<HTMLMediaElement>();
    HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
      if (!this.muted && !heard.has(this)) {
        heard.add(this);
        const context = new AudioContext({ sampleRate: 16_000 });
        new MediaElementAudioSourceNode(context, { mediaElement: this }).connect(context.destination);
      }
      return play.call(this);
    };
    Object.assign(globalThis, { ears });
  });
}

/** What is heard during so many milliseconds; nothing where nothing is played. */
export const listen = (page: Page, ms: number): Promise<Heard[]> =>
  page.evaluate(async (length) => {
    const { ears } = globalThis as unknown as { ears: AnalyserNode[] };
    const heard: Heard[] = [];
    for (const end = performance.now() + length; performance.now() < end;) {
      await new Promise(requestAnimationFrame);
      const ear = ears.findLast(({ context }) => context.state === "running");
      if (!ear) continue;
      const [samples, bins] = [new Float32Array(ear.fftSize), new Float32Array(ear.frequencyBinCount)];
      ear.getFloatTimeDomainData(samples);
      ear.getFloatFrequencyData(bins);
      const strongest = bins.indexOf(Math.max(...bins));
      heard.push({
        level: Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length),
        hertz: (strongest * ear.context.sampleRate) / ear.fftSize,
        at: performance.timeOrigin + performance.now(),
      });
    }
    return heard;
  }, ms);

/** Resolves when something is played. */
export const heardIn = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => {
    const ear = (globalThis as unknown as { ears: AnalyserNode[] }).ears.findLast(
      ({ context }) => context.state === "running",
    );
    const samples = new Float32Array(256);
    ear?.getFloatTimeDomainData(samples);
    return samples.some((sample) => Math.abs(sample) > 0.2);
  });
