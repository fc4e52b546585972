// P3: encrypted sound to and from programs of other makes, checked by the tone that arrives.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Media } from "../../src/media/media.ts";
import { keysOf, parseCrypto } from "../../src/media/sdes.ts";
import { parseSdp } from "../../src/media/sdp.ts";
import { suites, type MasterKey, type SuiteName } from "../../src/media/suites.ts";
import { read } from "../media/packets.ts";
import { Phone } from "../media/phone.ts";
import { masterKey } from "../media/srtp/keys.ts";
import { thePeer, without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { start } from "../support/processes.ts";
import { toneShare } from "./baresip.ts";

/** Whole periods in a packet, so that packets can be sent one by one. */
const hertz = 1000;
const seconds = 2;
const packets = seconds * 50;

const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
const samplesOf = (raw: Buffer) => Int16Array.from({ length: raw.length >> 1 }, (_, i) => raw.readInt16LE(i * 2));

let folder: string;
let media: Media;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-srtp-"));
  media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
});
after(async () => {
  await media.close();
  await rm(folder, { recursive: true });
});

interface Joined {
  readonly phone: Phone;
  /** Where the program sends, and where it is sent to. */
  readonly srtpPort: number;
  readonly at: number;
  /** Whom the phone sends to. */
  readonly phonePort: number;
  readonly theirs: MasterKey;
  readonly ours: MasterKey;
  close(): Promise<void>;
}

/** A program with SRTP and a phone without, joined by the whole media part. */
async function joined(suite: SuiteName): Promise<Joined> {
  const phone = await Phone.open(1);
  const [at = 0] = await freePorts(1);
  const [a, b] = [await media.open(), await media.open()];
  const key = masterKey(suite, 3);
  b.receiveOffer(
    ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
      .concat(`m=audio ${at} RTP/SAVP 8`, `a=crypto:1 ${suite} inline:${key.key}`, "")
      .join("\r\n"),
  );
  const phonePort = portOf(a.offer(b));
  a.receiveAnswer(phone.sdp("8"));
  const answer = b.answer(a);
  media.bridge(a, b);
  await b.stats();
  assert.equal(b.encrypted, suite);
  const [own] = parseSdp(answer)[0]?.crypto ?? [];
  const theirs = parseCrypto(`1 ${suite} inline:${key.key}`);
  const keys = keysOf({ own: own ?? assert.fail(), theirs: theirs ?? assert.fail() });
  const close = async () => {
    phone.close();
    await Promise.all([a.close(), b.close()]);
  };
  return { phone, srtpPort: portOf(answer), at, phonePort, theirs: keys.receive, ours: keys.send, close };
}

/** The phone sings until the program has heard enough and ends. */
async function sing({ phone, phonePort }: Joined, program: ReturnType<typeof start>): Promise<void> {
  const over = new AbortController();
  void program.exit.then(() => over.abort());
  while (!over.signal.aborted) {
    await phone.sing(phonePort, hertz, "PCMA", 1);
    await pause(20);
  }
}

function heardBy({ phone }: Joined): number {
  const tone = toneShare(Int16Array.from(phone.samples()), hertz);
  assert.deepEqual(new Set(phone.received.map((packet) => read(packet).payload)), new Set([8]));
  return tone;
}

describe("P3 ffmpeg", { skip: without("ffmpeg") }, () => {
  const quiet = ["-hide_banner", "-nostdin", "-loglevel", "error"];

  for (const suite of ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"] as const) {
    it(`${suite}: is heard by a phone without encryption, and its reports are read`, async () => {
      const call = await joined(suite);
      try {
        const source = ["-re", "-f", "lavfi", "-i", `sine=frequency=${hertz}:sample_rate=8000`, "-t", String(seconds)];
        const key = ["-srtp_out_suite", suite, "-srtp_out_params", call.theirs.key];
        const to = `srtp://127.0.0.1:${call.srtpPort}?pkt_size=172`;
        const program = start(thePeer("ffmpeg"), [
          ...[...quiet, ...source, "-ac", "1", "-c:a", "pcm_alaw", "-f", "rtp", ...key, to],
        ]);
        await call.phone.heard(packets - 5);
        await call.phone.reported(1);
        await program.exit;
        assert.ok(heardBy(call) > 0.9, `tone ${heardBy(call)}; ${program.output}`);
      } finally {
        await call.close();
      }
    });

    it(`${suite}: hears a phone without encryption`, async () => {
      const call = await joined(suite);
      try {
        const [sdp, raw] = [join(folder, `${suite}.sdp`), join(folder, `${suite}.raw`)];
        await writeFile(
          sdp,
          ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
            .concat(`m=audio ${call.at} RTP/SAVP 8`, `a=crypto:1 ${suite} inline:${call.ours.key}`, "")
            .join("\n"),
        );
        const from = ["-protocol_whitelist", "file,udp,rtp,srtp", "-i", sdp, "-t", String(seconds)];
        const program = start(thePeer("ffmpeg"), [...quiet, ...from, "-f", "s16le", "-ar", "8000", "-ac", "1", raw]);
        await sing(call, program);
        const heard = samplesOf(await readFile(raw));
        assert.ok(heard.length > 8000 * (seconds - 0.5), program.output);
        assert.ok(toneShare(heard, hertz) > 0.9, `tone ${toneShare(heard, hertz)}; ${program.output}`);
      } finally {
        await call.close();
      }
    });
  }
});

describe("P3 GStreamer (libsrtp)", { skip: without("gst-launch-1.0") }, () => {
  /** A suite in its words. */
  const words = (suite: SuiteName) => {
    const { keyBytes, mode, tagBytes } = suites[suite];
    return mode === "gcm"
      ? { cipher: `aes-${keyBytes * 8}-gcm`, auth: "null", controlAuth: "null" }
      : { cipher: `aes-${keyBytes * 8}-icm`, auth: `hmac-sha1-${tagBytes * 8}`, controlAuth: "hmac-sha1-80" };
  };
  const hex = ({ key }: MasterKey) => Buffer.from(key, "base64").toString("hex");

  for (const suite of ["AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80"] as const) {
    const { cipher, auth, controlAuth } = words(suite);

    it(`${suite}: is heard by a phone without encryption`, async () => {
      const call = await joined(suite);
      try {
        const program = start(thePeer("gst-launch-1.0"), [
          ...["-q", "audiotestsrc", `freq=${hertz}`, `num-buffers=${packets}`, "samplesperbuffer=160", "is-live=true"],
          ...["!", "audio/x-raw,rate=8000,channels=1", "!", "alawenc", "!", "rtppcmapay", "!", "srtpenc"],
          ...[`key=${hex(call.theirs)}`, `rtp-cipher=${cipher}`, `rtp-auth=${auth}`],
          ...[`rtcp-cipher=${cipher}`, `rtcp-auth=${controlAuth}`],
          ...["!", "udpsink", "host=127.0.0.1", `port=${call.srtpPort}`],
        ]);
        await call.phone.heard(packets - 5);
        await program.exit;
        assert.ok(heardBy(call) > 0.9, `tone ${heardBy(call)}; ${program.output}`);
      } finally {
        await call.close();
      }
    });

    it(`${suite}: hears a phone without encryption`, async () => {
      const call = await joined(suite);
      try {
        const raw = join(folder, `${suite}.raw`);
        const caps = [
          ...["application/x-srtp", "media=(string)audio", "clock-rate=(int)8000", "encoding-name=(string)PCMA"],
          ...[
            "payload=(int)8",
            `ssrc=(uint)${await ssrcAt(call)}`,
            "roc=(uint)0",
            `srtp-key=(buffer)${hex(call.ours)}`,
          ],
          ...[`srtp-cipher=(string)${cipher}`, `srtp-auth=(string)${auth}`],
          ...[`srtcp-cipher=(string)${cipher}`, `srtcp-auth=(string)${controlAuth}`],
        ];
        const program = start(thePeer("gst-launch-1.0"), [
          ...["-q", "udpsrc", "address=127.0.0.1", `port=${call.at}`, `caps=${caps.join(",")}`],
          ...["!", "srtpdec", "!", "rtppcmadepay", "!", "alawdec", "!", "identity", `eos-after=${packets}`],
          ...["!", "filesink", `location=${raw}`],
        ]);
        await sing(call, program);
        const heard = samplesOf(await readFile(raw));
        assert.ok(heard.length > 8000 * (seconds - 0.5), program.output);
        assert.ok(toneShare(heard, hertz) > 0.9, `tone ${toneShare(heard, hertz)}; ${program.output}`);
      } finally {
        await call.close();
      }
    });
  }

  /** GStreamer must be told the SSRC that it is to hear: that of the first packet. */
  async function ssrcAt({ phone, phonePort, at }: Joined): Promise<number> {
    const probe = createSocket("udp4").bind(at, "127.0.0.1");
    await once(probe, "listening");
    const came = once(probe, "message") as Promise<[Buffer]>;
    await phone.sing(phonePort, hertz, "PCMA", 1);
    const [packet] = await came;
    probe.close();
    await once(probe, "close");
    return read(packet).ssrc;
  }
});
