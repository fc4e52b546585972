// The part of @cycjimmy/jsmpeg-player that is used here; it brings no types.
declare module "@cycjimmy/jsmpeg-player" {
  /** Y, Cb and Cr, as the renderers take them. */
  export type Planes = [y: Uint8ClampedArray, cb: Uint8ClampedArray, cr: Uint8ClampedArray];

  export interface Picture {
    resize(width: number, height: number): unknown;
    render(...planes: Planes): unknown;
  }

  export interface MPEG1Video {
    /** What is to be decoded: `index` counts bits. */
    readonly bits: { index: number; readonly byteLength: number };
    readonly hasSequenceHeader?: boolean;
    connect(picture: Picture): void;
    decode(): boolean;
  }

  const JSMpeg: {
    readonly Demuxer: {
      readonly TS: new (options: object) => {
        connect(stream: number, decoder: MPEG1Video): void;
        write(bytes: ArrayBuffer): void;
      };
    };
    readonly Decoder: {
      readonly MPEG1Video: new (options: {
        readonly streaming: boolean;
        readonly decodeFirstFrame: boolean;
        readonly videoBufferSize: number;
      }) => MPEG1Video;
    };
    readonly Renderer: { readonly Canvas2D: new (options: { readonly canvas: HTMLCanvasElement }) => Picture };
  };
  export default JSMpeg;
}
