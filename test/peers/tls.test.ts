// Programs of another make by TLS and by IPv6: baresip as bell and phone, openssl as a client that must be refused.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { authority, type Authority } from "./authority.ts";
import { Baresip } from "./baresip.ts";
import { namesServer } from "./names.ts";
import { visitTold, wholeVisit } from "./visit-lines.ts";

const password = "correct-horse";

async function house(
  t: TestContext,
  listener: Record<string, unknown>,
  { media = "127.0.0.1", targets = ["6001"] }: { media?: string; targets?: readonly string[] } = {},
) {
  const lines: Record<string, unknown>[] = [];
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ address: "127.0.0.1", port: 0, ...listener }] },
      media: { bind: media, advertise: media, ports: [0, 0] },
      extensions: [{ extension: "6001", password }],
      doors: [
        {
          ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
          strategy: { strategy: "ring-all", targets: [...targets], seconds: 20 },
        },
      ],
    }),
    (line) => lines.push(line),
  );
  t.after(() => server.close());
  return { lines, port: server.switchboard.addresses[0]?.port ?? 0 };
}

/** A bell presses, a phone answers, and each hears the other's tone. */
async function talk(bell: Baresip, phone: Baresip, target: string) {
  try {
    bell.command("dial", target);
    await Promise.all([bell.event("CALL_ESTABLISHED"), phone.event("CALL_ESTABLISHED")]);
    await Promise.all([bell.hears(880), phone.hears(440)]);
    bell.command("hangup");
    await phone.event("CALL_CLOSED");
  } finally {
    await Promise.all([bell.end(), phone.end()]);
  }
}

describe("P2 baresip by TLS", { skip: without("baresip", "openssl") }, () => {
  it("registers, is rung and talks", async (t) => {
    const { ca, sign } = await authority(t);
    const { certificate, key } = await sign("DNS:portero.test");
    const dns = await namesServer(t);
    const { lines, port } = await house(t, { transport: "tls", certificate, key });
    const both = { server: `portero.test:${port}`, password, transport: "tls" as const, codecs: "PCMA", ca, dns };
    const bell = await Baresip.start({ ...both, extension: "8000", tone: 440 });
    const phone = await Baresip.start({ ...both, extension: "6001", tone: 880, answer: true });
    await Promise.all([bell.registered(), phone.registered()]);
    await talk(bell, phone, `sip:100@portero.test:${port};transport=tls`);
    assert.deepEqual(await visitTold(lines), wholeVisit);
  });

  // Debian's baresip takes any certificate, so here it is the one whose certificate is verified, by us.
  for (const [names, isOurs] of [
    ["IP:127.0.0.1", true],
    ["DNS:elsewhere.test", true],
    ["IP:127.0.0.1", false],
  ] as const) {
    const who = `a phone with a certificate for ${names} of ${isOurs ? "our" : "an unknown"} authority`;
    const isTrusted = isOurs && names === "IP:127.0.0.1";
    it(`${isTrusted ? "rings" : "does not ring"} ${who}`, async (t) => {
      const { ca, sign } = await authority(t);
      const { certificate, key } = await sign("IP:127.0.0.1");
      const shown = await (isOurs ? sign : (await authority(t)).sign)(names);
      const any = { password, codecs: "PCMA" };
      const nowhere = { server: "127.0.0.1:9", registers: false, certificate: shown.both, answer: true };
      const phone = await Baresip.start({ ...any, ...nowhere, extension: "6001", tone: 880 });
      const targets = [`sip:6001@127.0.0.1:${phone.tlsPort};transport=tls`];
      const { lines, port } = await house(t, { transport: "tls", certificate, key, ca }, { targets });
      const server = `127.0.0.1:${port}`;
      const bell = await Baresip.start({ ...any, server, transport: "tls", extension: "8000", tone: 440 });
      const target = `sip:100@127.0.0.1:${port};transport=tls`;
      if (isTrusted) {
        await bell.registered();
        await talk(bell, phone, target);
        assert.deepEqual(await visitTold(lines), wholeVisit);
        return;
      }
      try {
        await bell.registered();
        bell.command("dial", target);
        await bell.event("CALL_CLOSED");
      } finally {
        await bell.end();
        await phone.end();
      }
      assert.ok(!phone.child.output.includes("Incoming call"), phone.child.output);
      const troubles = lines.filter(({ event }) => event === "trouble").map(({ text }) => String(text));
      assert.match(troubles.join("\n"), isOurs ? /made for another name/ : /nobody known vouches for/);
    });
  }
});

describe("P2 openssl by TLS", { skip: without("openssl") }, () => {
  const tlsBy = async (sign: Authority["sign"]) => {
    const { certificate, key } = await sign("DNS:portero.test");
    return { transport: "tls", certificate, key };
  };
  const client = (port: number, ...args: string[]) =>
    run("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-verify_return_error", ...args], { input: "" });

  it("finds our chain in order, and refuses another name and an unknown authority", async (t) => {
    const { ca, sign } = await authority(t);
    const { port } = await house(t, await tlsBy(sign));
    assert.match(
      (await client(port, "-CAfile", ca, "-verify_hostname", "portero.test")).output,
      /return code: 0 \(ok\)/,
    );
    assert.match((await client(port, "-CAfile", ca, "-verify_hostname", "x.test")).output, /hostname mismatch/i);
    assert.match((await client(port, "-no-CAfile")).output, /unable to verify|unable to get local issuer/);
  });

  it("is turned away without a certificate where one is required", async (t) => {
    const { ca, sign } = await authority(t);
    const { lines, port } = await house(t, { ...(await tlsBy(sign)), ca, clients: "required" });
    await client(port, "-CAfile", ca);
    const texts = () => lines.filter(({ event }) => event === "trouble").map(({ text }) => String(text));
    assert.match(await until("a trouble to be told", () => texts()[0]), /shows no certificate, which is required here/);
  });
});

describe("N2 baresip by IPv6", { skip: without("baresip") }, () => {
  for (const transport of ["udp", "tcp"] as const)
    it(`registers at ::1 by ${transport.toUpperCase()}, is rung and talks`, async (t) => {
      const { lines, port } = await house(t, { transport, address: "::1" }, { media: "::1" });
      const both = { server: `[::1]:${port}`, password, transport, codecs: "PCMA", address: "::1" };
      const bell = await Baresip.start({ ...both, extension: "8000", tone: 440 });
      const phone = await Baresip.start({ ...both, extension: "6001", tone: 880, answer: true });
      await Promise.all([bell.registered(), phone.registered()]);
      await talk(bell, phone, `sip:100@[::1]:${port};transport=${transport}`);
      assert.deepEqual(await visitTold(lines), wholeVisit);
    });
});
