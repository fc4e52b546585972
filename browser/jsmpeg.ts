// A decoder of MPEG-1 in a transport stream, by JSMpeg: in a file of its own, as a module that players/jsmpeg.ts loads. The
// decoder written in JavaScript is taken, since a page's Content-Security-Policy may forbid WebAssembly.
import JSMpeg, { type MPEG1Video, type Planes } from "@cycjimmy/jsmpeg-player";

// ISO 13818-1 table 2-18: the first stream of video.
const video = 0xe0;
// A picture has to have room in it.
const bufferBytes = 2 * 2 ** 20;

export class Mpeg1 {
  readonly #packets = new JSMpeg.Demuxer.TS({});
  readonly #decoder: MPEG1Video = new JSMpeg.Decoder.MPEG1Video({
    streaming: true,
    decodeFirstFrame: false,
    videoBufferSize: bufferBytes,
  });
  readonly #canvas: InstanceType<typeof JSMpeg.Renderer.Canvas2D>;
  #last: Planes | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = new JSMpeg.Renderer.Canvas2D({ canvas });
    this.#packets.connect(video, this.#decoder);
    this.#decoder.connect({
      resize: (width, height) => this.#canvas.resize(width, height),
      render: (...planes) => (this.#last = planes),
    });
  }

  /** Takes what has come, in whole packets, and draws the newest picture in it; whether there was one. */
  show(parts: readonly ArrayBuffer[]): boolean {
    const { bits } = this.#decoder;
    this.#last = undefined;
    for (const part of parts) {
      this.#packets.write(part);
      const end = bits.byteLength * 8;
      // One call goes as far as the next start code only.
      while (this.#decoder.hasSequenceHeader && bits.index < end) this.#decoder.decode();
      bits.index = Math.min(bits.index, end);
    }
    const last = this.#last as Planes | undefined;
    if (last) this.#canvas.render(...last);
    return last !== undefined;
  }
}
