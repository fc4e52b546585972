// P3: two baresip, bell and phone, with SRTP on one side, on both, or on neither, as the house is told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Encryption } from "../../src/media/sdes.ts";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { authority } from "./authority.ts";
import { Baresip, type BaresipOptions } from "./baresip.ts";
import { namesServer } from "./names.ts";
import { RtpengineProcess } from "./rtpengine.ts";

const password = "correct-horse";

async function house(
  set: { readonly bell?: Encryption; readonly phone?: Encryption },
  has: { readonly bell?: BaresipOptions["mediaenc"]; readonly phone?: BaresipOptions["mediaenc"] },
  tls?: { readonly ca: string; readonly certificate: string; readonly key: string; readonly dns: number },
  rtpengine?: string,
) {
  const transport = tls ? ("tls" as const) : ("udp" as const);
  const files = tls && { certificate: tls.certificate, key: tls.key };
  const encryptionOf = (one: Encryption | undefined) => (one === undefined ? {} : { encryption: one });
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport, address: "127.0.0.1", port: 0, ...files }] },
      media: {
        bind: "127.0.0.1",
        advertise: "127.0.0.1",
        ports: [0, 0],
        ...(rtpengine !== undefined && { rtpengine: [rtpengine] }),
      },
      extensions: [{ extension: "6001", password, ...encryptionOf(set.phone) }],
      doors: [
        {
          ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234", ...encryptionOf(set.bell) },
          strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
        },
      ],
    }),
    () => {},
  );
  const address = `${tls ? "portero.test" : "127.0.0.1"}:${server.switchboard.addresses[0]?.port}`;
  const common = {
    ...{ server: address, password, codecs: "PCMA", transport },
    ...(tls && { ca: tls.ca, dns: tls.dns }),
  } as const;
  const mediaenc = (one: BaresipOptions["mediaenc"]) => (one === undefined ? {} : { mediaenc: one });
  const bell = await Baresip.start({ ...common, extension: "8000", tone: 440, ...mediaenc(has.bell) });
  const phone = await Baresip.start({ ...common, extension: "6001", tone: 880, answer: true, ...mediaenc(has.phone) });
  const close = async () => {
    await Promise.all([bell.end(), phone.end()]);
    await server.close();
  };
  try {
    await Promise.all([bell.registered(), phone.registered()]);
  } catch (error) {
    await close();
    throw error;
  }
  const dial = () => bell.command("dial", `sip:100@${address};transport=${transport}`);
  /** How each of the two that talk is encrypted. */
  const suites = () =>
    new Map(
      [...server.switchboard.bridges].map(([call, bridge]) => [
        bridge.leg(call)?.name,
        bridge.leg(call)?.session.encrypted,
      ]),
    );
  return { server, bell, phone, dial, close, suites };
}

describe("P3 baresip with SRTP", { skip: without("baresip", "openssl") }, () => {
  const suite = "AES_CM_128_HMAC_SHA1_80";
  for (const [title, set, has, bellSuite, phoneSuite] of [
    ["on the phone alone, required by both", { phone: "required" }, { phone: "srtp-mand" }, undefined, suite],
    ["on the phone alone, offered to one that can", { phone: "optional" }, { phone: "srtp" }, undefined, suite],
    ["offered to a phone that knows none", { phone: "optional" }, {}, undefined, undefined],
    ["on a bell that insists, nothing being set here", {}, { bell: "srtp-mand" }, suite, undefined],
    ["on both", { bell: "required", phone: "required" }, { bell: "srtp", phone: "srtp" }, suite, suite],
  ] as const)
    it(`hears and is heard: ${title}`, async () => {
      const { bell, phone, dial, close, suites } = await house(set, has);
      try {
        dial();
        await bell.event("CALL_ESTABLISHED");
        await phone.event("CALL_ESTABLISHED");
        await Promise.all([bell.hears(880), phone.hears(440)]);
        assert.deepEqual([suites().get("Front door"), suites().get("6001")], [bellSuite, phoneSuite]);
        bell.command("hangup");
        await phone.event("CALL_CLOSED");
      } finally {
        await close();
      }
    });

  it("hears and is heard: on both, through rtpengine", { skip: without("rtpengine") }, async () => {
    const engine = await RtpengineProcess.start();
    try {
      const on = { bell: "required", phone: "required" } as const;
      const { bell, phone, dial, close, suites } = await house(
        on,
        { bell: "srtp", phone: "srtp-mand" },
        undefined,
        engine.address,
      );
      try {
        dial();
        await phone.event("CALL_ESTABLISHED");
        await Promise.all([bell.hears(880), phone.hears(440)]);
        assert.deepEqual([...suites().values()], [suite, suite]);
      } finally {
        await close();
      }
    } finally {
      await engine.close();
    }
  });

  it("P2, P3 hears and is heard by TLS, and only without TLS the keys lie open", async (t) => {
    const findings: string[][] = [];
    for (const secure of [true, false]) {
      const { ca, sign } = await authority(t);
      const tls = secure ? { ca, ...(await sign("DNS:portero.test")), dns: await namesServer(t) } : undefined;
      const { server, bell, phone, dial, close } = await house({ phone: "required" }, { phone: "srtp-mand" }, tls);
      try {
        dial();
        await phone.event("CALL_ESTABLISHED");
        await Promise.all([bell.hears(880), phone.hears(440)]);
        findings.push(server.switchboard.tracing.diagnosis.findings().map(({ code }) => code));
      } finally {
        await close();
      }
    }
    assert.deepEqual(
      findings.map((codes) => codes.includes("open-keys")),
      [false, true],
    );
  });

  it("RFC 4568 §7.1.4 goes on after a hold", async () => {
    const { server, bell, phone, dial, close } = await house({ phone: "required" }, { phone: "srtp-mand" });
    const changes = () =>
      server.switchboard.endpoint.trace
        .entries()
        .filter(({ direction, data }) => direction === "in" && data.toString().startsWith("ACK sip:8000@")).length;
    const packets = async () => {
      const [bridge] = server.switchboard.bridges.values();
      const legs = [...server.switchboard.bridges.keys()].flatMap((call) => bridge?.leg(call) ?? []);
      const stats = await legs.find(({ name }) => name === "6001")?.session.stats();
      return Math.min(stats?.received ?? 0, stats?.sent ?? 0);
    };
    try {
      dial();
      await phone.event("CALL_ESTABLISHED");
      await Promise.all([bell.received(0.5), phone.received(0.5)]);
      for (const [nth, command] of ["hold", "resume"].entries()) {
        phone.command(command);
        await until(`the ${command} to be over`, () => changes() > nth);
      }
      // Packets that could be opened, and as many the other way.
      const start = await packets();
      await until("a hundred packets each way", async () => (await packets()) >= start + 100);
      await phone.hears(440);
    } finally {
      await close();
    }
  });

  it("is not called without it where it is required, and the bell rings on", async () => {
    const { bell, dial, close, server } = await house({ phone: "required" }, {});
    try {
      const outcome = new Promise<unknown>((resolve) =>
        server.switchboard.on("visit", ({ event, payload }) => event === "unanswered" && resolve(payload)),
      );
      dial();
      const { result, parties } = (await outcome) as { result: string; parties: { status: number }[] };
      assert.deepEqual([result, parties[0]?.status], ["unanswered", 488]);
      await bell.event("CALL_CLOSED");
    } finally {
      await close();
    }
  });
});
