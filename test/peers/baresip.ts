// The real baresip as a bell or a phone: its own configuration folder, commands and events over its control socket, and
// what it received as a WAV file. One tone each, so that one can tell who is heard.
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { patienceMs, until } from "../support/patience.ts";
import { freePair, freePorts } from "../support/ports.ts";
import { thePeer } from "../support/peers.ts";
import { start, type Child } from "../support/processes.ts";

export interface BaresipOptions {
  readonly server: string;
  readonly extension: string;
  readonly password: string;
  /** Hertz: what it plays into the call. */
  readonly tone: number;
  /** A WAV file (8 kHz, 16 bit) that it plays instead. */
  readonly sound?: Uint8Array;
  readonly codecs: string;
  readonly transport?: "udp" | "tcp" | "tls";
  /** By TLS: the file of the authority that must have signed the server's certificate. */
  readonly ca?: string;
  /** The file of a certificate with its key that it shows who calls it by TLS. */
  readonly certificate?: string;
  /** The port on loopback of a DNS server to ask. */
  readonly dns?: number;
  /** The local address; loopback by IPv4 where it is absent. */
  readonly address?: string;
  /** SRTP: `srtp` offers and takes it, `srtp-mand` insists on it. None where it is absent. */
  readonly mediaenc?: "srtp" | "srtp-mand";
  /** False = it is called at its address only. */
  readonly registers?: boolean;
  /** Answers by itself. */
  readonly answer?: boolean;
  /** Further lines of its configuration. */
  readonly config?: readonly string[];
}

export class Baresip {
  readonly child: Child;
  /** Where it listens by TLS: beside its port for UDP and TCP. */
  readonly tlsPort: number;
  readonly #folder: string;
  readonly #socket: Socket;
  readonly #events: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  #ended: Promise<Int16Array> | undefined;

  private constructor(child: Child, folder: string, socket: Socket, tlsPort: number) {
    this.child = child;
    this.tlsPort = tlsPort;
    this.#folder = folder;
    this.#socket = socket;
    let pending = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("data", (data: string) => {
      pending += data;
      // Netstrings: "<length>:<json>,".
      for (;;) {
        const colon = pending.indexOf(":");
        const length = Number(pending.slice(0, Math.max(0, colon)));
        if (colon < 0 || pending.length < colon + length + 2) return;
        this.#events.push(JSON.parse(pending.slice(colon + 1, colon + 1 + length)) as Record<string, unknown>);
        pending = pending.slice(colon + length + 2);
        for (const wake of this.#waiting) wake();
      }
    });
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = await mkdtemp(join(tmpdir(), "portero-baresip-"));
    const { ca, address = "127.0.0.1" } = options;
    const [control = 0] = await freePorts(1);
    const sip = await freePair();
    const local = address.includes(":") ? `[${address}]` : address;
    const modules = ["stdio", "g711", "g722", "aufile", "sndfile", "srtp"].map((name) => `module ${name}.so`);
    const config = [
      ...["poll_method epoll", `sip_listen ${local}:${sip}`, `net_interface ${address}`],
      ...["rtp_ports 20000-29998", ...(ca === undefined ? [] : [`sip_cafile ${ca}`])],
      ...(options.certificate === undefined ? [] : [`sip_certificate ${options.certificate}`]),
      ...(options.dns === undefined ? [] : [`dns_server 127.0.0.1:${options.dns}`]),
      ...[`audio_source aufile,${folder}/tone.wav`, `audio_player aufile,${folder}/player.wav`],
      ...["audio_alert aufile,/dev/null", "module_path /usr/lib/baresip/modules", ...modules],
      // Whatever the codec's rate is.
      ...["ausrc_srate 8000", "auplay_srate 8000"],
      ...["module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so"],
      ...[`ctrl_tcp_listen 127.0.0.1:${control}`, `snd_path ${folder}`],
      ...(options.config ?? []),
    ];
    const { extension, password, server, codecs, transport = "udp", answer } = options;
    const account =
      `<sip:${extension}@${server};transport=${transport}>;auth_pass=${password};audio_codecs=${codecs};` +
      `regint=${options.registers === false ? 0 : 600}` +
      (options.mediaenc === undefined ? "" : `;mediaenc=${options.mediaenc}`) +
      (answer ? ";answermode=auto" : "");
    await writeFile(join(folder, "tone.wav"), options.sound ?? toneWav(options.tone, 600));
    await writeFile(join(folder, "config"), config.join("\n") + "\n");
    await writeFile(join(folder, "accounts"), "");
    const child = start(thePeer("baresip"), ["-f", folder], { keepStdin: true });
    try {
      await child.line(/baresip is ready/);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
    const baresip = new Baresip(child, folder, connect(control, "127.0.0.1"), sip + 1);
    // It registers when its events are heard: who is registered may be rung at once.
    baresip.command("uanew", account);
    return baresip;
  }

  /** Resolves when it is registered. */
  async registered(): Promise<void> {
    await this.event("REGISTER_OK");
  }

  command(command: string, params = ""): void {
    const text = JSON.stringify({ command, params, token: "t" });
    this.#socket.write(`${text.length}:${text},`);
  }

  /** The nth event of that type, of those so far and to come. */
  async event(type: string, { nth = 1, ms = patienceMs } = {}): Promise<Record<string, unknown>> {
    const find = () => this.#events.filter((event) => event["type"] === type)[nth - 1];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`baresip gave no event ${type}. It said:\n${this.child.output}`));
      }, ms);
      const look = () => {
        const event = find();
        if (!event) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(event);
      };
      this.#waiting.add(look);
      look();
    });
  }

  // One file for each time that its sound is set up anew (a call, a re-INVITE), named by when that was.
  async #files(): Promise<string[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith("dec.wav"));
    const files = names.map((name) => join(this.#folder, name));
    const begun = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).birthtimeMs })));
    return begun.sort((a, b) => a.at - b.at).map(({ file }) => file);
  }

  /** How many seconds of sound it has received. */
  async seconds(): Promise<number> {
    const sizes = await Promise.all((await this.#files()).map(async (file) => (await stat(file)).size - 44));
    return sizes.reduce((sum, size) => sum + Math.max(0, size), 0) / 16_000;
  }

  /** Resolves when it has received that many seconds of sound. */
  async received(seconds: number): Promise<void> {
    let now = 0;
    await until(
      `baresip to receive ${seconds} s of sound`,
      async () => (now = await this.seconds()) > seconds,
      () => `It has ${now} s, and said:\n${this.child.output}`,
    );
  }

  /**
   * Resolves when it hears that tone: half a second in a row of nearly nothing else. Holes that a busy machine makes
   * pass; silence, noise and another's tone do not.
   */
  hears(hertz: number): Promise<void> {
    return this.hearsMix([hertz]);
  }

  /** The same of several tones that sound together, each as strong as the others; `not` is none of them. */
  async hearsMix(tones: readonly number[], not?: number): Promise<void> {
    let shares: number[] = [];
    await until(
      `baresip to hear ${tones.join(" and ")} Hz for half a second`,
      async () => {
        const lately = await this.#lately();
        shares = [...tones, ...(not === undefined ? [] : [not])].map((hertz) => toneShare(lately, hertz));
        return shares.every((share, n) => (n < tones.length ? share > 0.8 / tones.length : share < 0.01));
      },
      () => `Their shares: ${shares.join(", ")}. It said:\n${this.child.output}`,
    );
  }

  /** All that it has received so far. */
  async samples(): Promise<Int16Array> {
    return samplesOf(...(await Promise.all((await this.#files()).map((file) => readFile(file)))));
  }

  /** The last half second that it has received, or less. */
  async #lately(): Promise<Int16Array> {
    const file = (await this.#files()).at(-1);
    if (file === undefined) return new Int16Array();
    const { size } = await stat(file);
    const handle = await open(file);
    try {
      const from = Math.max(44, size - 8000);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(8000), 0, 8000, from + (from % 2));
      return int16(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  }

  /** Ends it and gives the 16-bit samples of what it received (8 kHz). */
  end(): Promise<Int16Array> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<Int16Array> {
    this.#socket.destroy();
    await this.child.end("SIGTERM");
    const samples = await this.samples();
    await rm(this.#folder, { recursive: true });
    return samples;
  }
}

/** The samples of WAV files whose heads have the usual length. */
function samplesOf(...files: readonly Buffer[]): Int16Array {
  return int16(Buffer.concat(files.map((wav) => wav.subarray(44))));
}

const int16 = (data: Buffer): Int16Array =>
  Int16Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(i * 2));

export function toneWav(hertz: number, seconds: number, rate = 8000): Buffer {
  const head = Buffer.alloc(44);
  // Whole periods are in a second.
  const second = Buffer.alloc(rate * 2);
  for (let i = 0; i < rate; i++)
    second.writeInt16LE(Math.round(10_000 * Math.sin((2 * Math.PI * hertz * i) / rate)), i * 2);
  const data = Buffer.alloc(seconds * second.length, second);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // mono
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** How strong `hertz` is in the samples: 1 for a pure tone of that frequency (Goertzel, per energy). */
export function toneShare(samples: Int16Array, hertz: number, rate = 8000): number {
  const w = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  // Blocks, since two clocks never agree on a long stretch; silence at the edges is left out.
  const block = 800;
  const shares: number[] = [];
  for (let from = 0; from + block <= samples.length; from += block) {
    let s1 = 0;
    let s2 = 0;
    let energy = 0;
    for (const sample of samples.subarray(from, from + block)) {
      [s1, s2] = [sample + w * s1 - s2, s1];
      energy += sample * sample;
    }
    if (energy / block < 10_000) continue;
    shares.push((2 * (s1 * s1 + s2 * s2 - w * s1 * s2)) / (block * energy));
  }
  return shares.length < 5 ? 0 : shares.reduce((a, b) => a + b, 0) / shares.length;
}

/** How strong a tone was in the half second in which it was heard best: holes that a busy machine makes pass. */
export const bestHalf = (samples: Int16Array, hertz: number): number =>
  Array.from({ length: Math.max(0, Math.floor((samples.length - 4000) / 400) + 1) }, (_, i) =>
    toneShare(samples.subarray(400 * i, 400 * i + 4000), hertz),
  ).reduce((best, share) => Math.max(best, share), 0);
