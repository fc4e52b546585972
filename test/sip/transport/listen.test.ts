// Several listeners of one endpoint: each transport, IPv4 and IPv6, and which of them a request leaves by.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { makeCertificate } from "../../../src/certificate.ts";
import type { PorteroError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { contactOn } from "../../../src/sip/dialog/incoming.ts";
import { SipRequest, type SipResponse } from "../../../src/sip/message/message.ts";
import { chooseTransport } from "../../../src/sip/transport/choose.ts";
import { readCredentials } from "../../../src/sip/transport/credentials.ts";
import type { Flow, ListenerOptions, Transport, TransportName } from "../../../src/sip/transport/flow.ts";

const { certificate, key, fingerprint } = makeCertificate(["localhost", "127.0.0.1", "::1"], Date.now());
const own = { certificate: { pem: certificate }, key: { pem: key } };
const names = ["udp", "tcp", "tls", "ws", "wss"] as const;

const at = (transport: (typeof names)[number], address: string, tls: object): ListenerOptions =>
  transport === "tls" || transport === "wss" ? { transport, address, port: 0, tls } : { transport, address, port: 0 };

async function endpoint(t: TestContext, listeners: readonly ListenerOptions[]) {
  const started = new Endpoint({ listeners });
  t.after(() => started.close());
  await started.start();
  return started;
}

/** The answer to an OPTIONS. */
const ask = (client: Endpoint, flow: Flow) =>
  new Promise<SipResponse>((response, reject) => {
    const request = new SipRequest("OPTIONS", "sip:portero.test");
    request.add("Max-Forwards", "70").add("From", "<sip:x@portero.test>;tag=a").add("To", "<sip:portero.test>");
    request.add("Call-ID", `${flow.transport} ${flow.remote.host}`).add("CSeq", "1 OPTIONS");
    request.add("Contact", contactOn(flow, "x"));
    client.transactions.send(request, flow, { response, failed: reject });
  });

describe("P2, N2 an endpoint with every transport at once, IPv4 and IPv6", () => {
  it("says that it may be tried again where an address is not there yet, as those of radio networks are not at the start", async () => {
    for (const transport of ["udp", "tcp"] as const) {
      const early = new Endpoint({ listeners: [at(transport, "192.0.2.77", {})] });
      await assert.rejects(early.start(), (error: PorteroError) => {
        assert.deepEqual([error.code, error.advice], ["no-such-address", "again"]);
        return true;
      });
    }
  });

  it("answers by each, and says where it listens and what it shows there", async (t) => {
    const house = await endpoint(
      t,
      names.flatMap((name) => [at(name, "127.0.0.1", { own }), at(name, "::1", { own })]),
    );
    assert.deepEqual(
      house.addresses.map(({ transport, address, fingerprint: shown }) => [transport, address, shown === fingerprint]),
      names.flatMap((name) => ["127.0.0.1", "::1"].map((host) => [name, host, name === "tls" || name === "wss"])),
    );
    const [first] = house.addresses;
    for (const { transport, port } of house.addresses)
      assert.equal(port === first?.port, transport === "udp" || transport === "tcp", "UDP and TCP share theirs");
    const client = await endpoint(
      t,
      names.flatMap((name) => ["127.0.0.1", "::1"].map((host) => at(name, host, { ca: { pem: certificate } }))),
    );
    for (const { transport, address, port } of house.addresses) {
      const host = address.includes(":") ? `[${address}]` : address;
      const [flow] = await client.flowsTo(`sip:${host}:${port};transport=${transport}`);
      assert.ok(flow);
      const response = await ask(client, flow);
      assert.equal(response.status, 200, `${transport} ${address}`);
      assert.equal(response.via?.transport, transport.toUpperCase());
    }
  });

  it("has IPv4 and IPv6 of one port side by side, and tells each peer its own address and port", async (t) => {
    const known = { advertise: "203.0.113.5", advertisePort: 15060 };
    const listeners = (["udp", "tcp"] as const).flatMap((transport) => [
      { transport, address: "0.0.0.0", port: 0, ...known },
      { transport, address: "::", port: 0, advertise: "2001:db8::5" },
    ]);
    const house = await endpoint(t, listeners);
    const [port, ...others] = [...new Set(house.addresses.map((one) => one.port))];
    assert.deepEqual(others, []);
    for (const transport of ["udp", "tcp"]) {
      const contact = async (host: string) => {
        const [flow] = await house.flowsTo(`sip:${host}:9;transport=${transport}`);
        return flow && contactOn(flow, "1");
      };
      const ending = transport === "udp" ? "" : ";transport=tcp";
      assert.equal(await contact("127.0.0.1"), `<sip:1@203.0.113.5:15060${ending}>`);
      assert.equal(await contact("[::1]"), `<sip:1@[2001:db8::5]:${port}${ending}>`);
    }
  });

  it("opens all listeners or none", async (t) => {
    const [taken] = (await endpoint(t, [at("tcp", "127.0.0.1", {})])).addresses;
    const wanted: ListenerOptions[] = [
      at("udp", "127.0.0.1", {}),
      { ...at("tls", "127.0.0.1", { own }), port: taken?.port ?? 0 },
    ];
    const second = new Endpoint({ listeners: wanted });
    await assert.rejects(second.start(), { code: "port-busy", message: /^TLS port \d+ on 127\.0\.0\.1 is taken/ });
    assert.deepEqual(second.addresses, []);
  });

  it("reads in linear time what is pasted as its certificate", async () => {
    const pem = `${certificate}\n${"-----BEGIN CERTIFICATE-----\nMII\n".repeat(30_000)}`;
    const began = process.threadCpuUsage();
    const { own: read } = await readCredentials({ own: { ...own, certificate: { pem } } });
    // Quadratic would be half a minute.
    const { user } = process.threadCpuUsage(began);
    assert.equal(read?.leaf.subject, new X509Certificate(certificate).subject);
    assert.ok(user < 3_000_000, `${user} µs`);
  });

  for (const [tls, code, sentence] of [
    [
      { own: { ...own, key: { pem: makeCertificate(["x"], 0).key } } },
      "tls-key",
      /^the key does not fit the certificate of DNS:localhost/,
    ],
    [
      { own: { ...own, certificate: { pem: "x" } } },
      "tls-certificate",
      /^the certificate holds no certificate in PEM form/,
    ],
    [
      { own: { ...own, certificate: { file: "/nowhere/c.pem" } } },
      "tls-file",
      /^the certificate \/nowhere\/c\.pem cannot be read: there is no such file$/,
    ],
    [{ own: { ...own, key: { pem: new Secret("x") } } }, "tls-key", /^the key is no private key in PEM form$/],
    [{ own, clients: "required" }, "tls-ca", /no authority is given: enter the one that signs them$/],
    [{ own, pins: ["12:34"] }, "bad-pin", /^the pin "12:34" must be a SHA-256 fingerprint: 64 hexadecimal digits/],
  ] as const)
    it(`says what is wrong with its certificate: ${code}`, async () => {
      const listener = at("tls", "127.0.0.1", tls);
      await assert.rejects(new Endpoint({ listeners: [listener] }).start(), { code, message: sentence });
    });
});

describe("the listener that a request leaves by", () => {
  const listener = (name: TransportName, host?: string): Transport => ({
    ...{ name, to: () => assert.fail("not asked"), close: () => Promise.resolve() },
    ...(host !== undefined && { address: { host, port: 5060 } }),
  });
  const local = (remote: string) =>
    remote.startsWith("127.") ? "127.0.0.1" : remote.includes(":") ? "::1" : "192.168.1.2";
  for (const [what, listeners, target, wanted] of [
    ["has the target's transport", ["UDP 0.0.0.0", "TCP 0.0.0.0"], "TCP 192.168.1.9", "TCP 0.0.0.0"],
    ["has the target's family", ["UDP 0.0.0.0", "UDP ::1"], "UDP ::5", "UDP ::1"],
    ["takes IPv4 by :: where nobody else does", ["UDP ::"], "UDP 192.168.1.9", "UDP ::"],
    ["leaves IPv4 to who has it", ["UDP ::", "UDP 0.0.0.0"], "UDP 192.168.1.9", "UDP 0.0.0.0"],
    ["is the one in the target's network", ["UDP 127.0.0.1", "UDP 192.168.1.2"], "UDP 192.168.1.9", "UDP 192.168.1.2"],
    ["is loopback for this machine", ["UDP 192.168.1.2", "UDP 127.0.0.1"], "UDP 127.0.0.1", "UDP 127.0.0.1"],
    ["may be one that only connects to others", ["TLS"], "TLS ::5", "TLS"],
    ["is none by a transport that is off", ["UDP 0.0.0.0"], "WS 192.168.1.9", undefined],
    ["is none by a family that is off", ["UDP 0.0.0.0"], "UDP ::5", undefined],
  ] as const)
    it(what, () => {
      const open = listeners.map((text) => listener(...(text.split(" ") as [TransportName, string?])));
      const [transport, host = ""] = target.split(" ") as [TransportName, string?];
      const chosen = chooseTransport(open, { transport, host, port: 5060 }, local);
      assert.equal(chosen && [chosen.name, chosen.address?.host].filter(Boolean).join(" "), wanted);
    });
});
