// Linphone's stack as an indoor station: belle-sip with Mbed TLS, mediastreamer with SRTP of its own. Its daemon takes
// commands on standard input and tells its events in lines.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { makeCertificate } from "../../src/certificate.ts";
import { Secret } from "../../src/secret.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { start, type Child } from "../support/processes.ts";
import { House } from "../visit/house.ts";
import { toneWav } from "./baresip.ts";
import { ringAll } from "../visit/ring-all.ts";

const password = "correct-horse";
const tone = 880;

/** Linphone registered as 6001 by TLS at that port, which plays its tone in every call that it is told to take. */
async function linphone(t: TestContext, port: number, certificate: string) {
  const folder = await mkdtemp(join(tmpdir(), "portero-linphone-"));
  const file = (name: string) => join(folder, name);
  // It ends where its database cannot be made.
  for (const place of [".local/share/linphone", "linphone"]) await mkdir(file(place), { recursive: true });
  await writeFile(file("ca.pem"), certificate);
  await writeFile(file("tone.wav"), toneWav(tone, 60));
  const off = (mime: string, rate: number, channels = 1) => ({ mime, rate, channels, enabled: 0 });
  const sections = {
    sip: {
      ...{ sip_port: 0, sip_tcp_port: 0, sip_tls_port: -1, use_ipv6: 0, default_proxy: 0 },
      ...{ verify_server_certs: 1, root_ca: file("ca.pem"), media_encryption: "srtp", media_encryption_mandatory: 1 },
    },
    rtp: { audio_rtp_port: "10000-19998" },
    proxy_0: {
      ...{ reg_proxy: `<sip:127.0.0.1:${port};transport=tls>`, reg_identity: "sip:6001@127.0.0.1" },
      ...{ reg_expires: 120, reg_sendregister: 1, publish: 0 },
    },
    auth_info_0: { username: "6001", passwd: password, realm: "portero", domain: "127.0.0.1" },
    audio_codec_0: { mime: "PCMA", rate: 8000, channels: 1, enabled: 1 },
    ...{
      audio_codec_1: off("opus", 48_000, 2),
      audio_codec_2: off("speex", 16_000),
      audio_codec_3: off("speex", 8000),
    },
  };
  const lines = Object.entries(sections).flatMap(([name, values]) => [
    `[${name}]`,
    ...Object.entries(values).map(([key, value]) => `${key}=${value}`),
  ]);
  await writeFile(file("rc"), lines.join("\n") + "\n");
  const child: Child = start(thePeer("linphone-daemon"), ["--config", file("rc"), "--disable-stats-events"], {
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    keepStdin: true,
  });
  t.after(async () => {
    await child.end("SIGTERM");
    await rm(folder, { recursive: true });
  });
  return {
    child,
    play: `incall-player-start ${file("tone.wav")}`,
    tell: (line: string) => child.process.stdin?.write(`${line}\n`),
    /** What it plays before its sound runs is lost. */
    talks: (nth: number) =>
      until(
        "Linphone to talk",
        () => child.lines.filter((line) => line.includes("LinphoneCallStreamsRunning")).length >= nth,
        () => child.output,
      ),
  };
}

describe("Linphone as a phone", { skip: without("linphone-daemon") }, () => {
  it("P2, P9 registers by TLS at an address, talks by SRTP, holds, presses keys and hears them, and hangs up", async (t) => {
    // Mbed TLS looks for an address among the names only.
    const { certificate, key } = makeCertificate(["127.0.0.1"], Date.now());
    const own = { certificate: { pem: certificate }, key: { pem: key } };
    const listener = { address: "127.0.0.1", port: 0 };
    const house = await House.open(
      {},
      undefined,
      {},
      {
        sip: {
          listeners: [
            { transport: "udp", ...listener },
            { transport: "tls", ...listener, tls: { own } },
          ],
        },
      },
    );
    t.after(() => house.close());
    const { switchboard, events } = house;
    const place = { extension: "6001", name: "Hall", password: new Secret(password) };
    switchboard.addExtension({ ...place, encryption: "required" }, "extension 6001");
    const registered = new Promise<void>((resolve) => switchboard.once("registered", () => resolve()));
    const port = switchboard.addresses.find(({ transport }) => transport === "tls")?.port ?? 0;
    const phone = await linphone(t, port, certificate);
    await registered;

    const { bell, seen } = await house.bell({ digitsBy: "rtp" });
    const visit = await house.pressed(bell);
    const answer = visit.answerBy(ringAll("6001"));
    await phone.child.line(/LinphoneCallIncomingReceived/);
    phone.tell("answer");
    await phone.talks(1);
    phone.tell(phone.play);
    await seen.next("audio", (event) => event.event === "audio" && event.frequency === tone);

    phone.tell("dtmf 7");
    const pressed = await events.next("dtmf");
    assert.deepEqual(
      { ...(pressed.payload as object), durationMs: 0 },
      { digit: "7", from: "answerer", by: "rfc4733", durationMs: 0 },
    );
    await bell.digits("5");
    await phone.child.line(/Tone: 5/);

    phone.tell("call-pause 1");
    await phone.child.line(/LinphoneCallPaused$/);
    const silent = seen.all.length;
    await seen.next(
      "audio",
      (event) => event.event === "audio" && event.packets === 0 && seen.all.indexOf(event) >= silent,
    );
    phone.tell("call-resume 1");
    const resumed = seen.all.length;
    await phone.talks(2);
    phone.tell(phone.play);
    await seen.next(
      "audio",
      (event) => event.event === "audio" && event.frequency === tone && seen.all.indexOf(event) >= resumed,
    );

    phone.tell("terminate 1");
    const { payload } = await events.next("ended");
    await answer;
    assert.match(JSON.stringify(payload), /"answerer":\{[^}]*"encrypted":"AES_CM_128_HMAC_SHA1_80"/);
  });
});
