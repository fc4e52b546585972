import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import { resolve, type Offer } from "../../../src/sip/resolve/resolve.ts";
import { naptr, Names, srv, type Records } from "../names.ts";

const all: readonly Offer[] = (["UDP", "TCP", "TLS", "WS", "WSS"] as const).map((transport) => ({
  transport,
  families: [4, 6],
}));
const only = (...names: string[]): readonly Offer[] => all.filter(({ transport }) => names.includes(transport));

interface Asking {
  zone?: Readonly<Record<string, Records>>;
  offers?: readonly Offer[];
  broken?: Names["broken"];
}

async function targets(uri: string, { zone = {}, offers = all, broken = [] }: Asking = {}) {
  const names = new Names(zone);
  names.broken = broken;
  const found = await resolve(uri, { dns: names, offers, random: () => 0 });
  return {
    asked: names.asked,
    found: found.map(({ transport, host, port }) => `${transport} ${host} ${port}`),
    names: found.map(({ name }) => name),
  };
}

async function refusal(uri: string, asking: Asking = {}): Promise<string> {
  try {
    await targets(uri, asking);
  } catch (error) {
    assert.ok(error instanceof PorteroError);
    return `${error.code}: ${error.message}`;
  }
  return assert.fail(`${uri} was not refused`);
}

// RFC 3263 §4.1's own example, with the machines' addresses.
const example: Readonly<Record<string, Records>> = {
  "example.com": {
    naptr: [
      naptr("90 50 SIP+D2T _sip._tcp.example.com"),
      naptr("50 50 SIPS+D2T _sips._tcp.example.com"),
      naptr("100 50 SIP+D2U _sip._udp.example.com"),
    ],
    a: ["192.0.2.99"],
  },
  "_sips._tcp.example.com": { srv: [srv("0 1 5061 server1.example.com"), srv("1 1 5061 server2.example.com")] },
  "_sip._tcp.example.com": { srv: [srv("0 1 5060 server1.example.com"), srv("1 2 5060 server2.example.com")] },
  "_sip._udp.example.com": { srv: [srv("5 0 5080 server2.example.com")] },
  "server1.example.com": { a: ["192.0.2.1"], aaaa: ["2001:db8::1"] },
  "server2.example.com": { a: ["192.0.2.2"] },
};

describe("RFC 3263 §4.1 and §4.2: an address that says all", () => {
  for (const [uri, wanted] of [
    ["sip:100@192.0.2.7", "UDP 192.0.2.7 5060"],
    ["sip:192.0.2.7:5070", "UDP 192.0.2.7 5070"],
    ["sip:192.0.2.7;transport=tcp", "TCP 192.0.2.7 5060"],
    ["sip:192.0.2.7;transport=TLS", "TLS 192.0.2.7 5061"],
    ["sip:192.0.2.7;transport=ws", "WS 192.0.2.7 80"],
    ["sip:192.0.2.7;transport=wss", "WSS 192.0.2.7 443"],
    ["sips:192.0.2.7", "TLS 192.0.2.7 5061"],
    ["sips:192.0.2.7:5062;transport=tcp", "TLS 192.0.2.7 5062"],
    ["sips:192.0.2.7;transport=ws", "WSS 192.0.2.7 443"],
    ["sip:[2001:db8::7]:5070", "UDP 2001:db8::7 5070"],
    ["sip:example.com;maddr=192.0.2.8", "UDP 192.0.2.8 5060"],
  ] as const)
    it(`needs no DNS: ${uri}`, async () => {
      const { found, asked } = await targets(uri);
      assert.deepEqual([found, asked], [[wanted], []]);
    });

  it("asks for addresses only, where a port is named", async () => {
    const { found, asked } = await targets("sip:example.com:5060", { zone: example });
    assert.deepEqual([found, asked], [["UDP 192.0.2.99 5060"], ["A example.com", "AAAA example.com"]]);
  });

  it("takes TCP where UDP is switched off and none is asked for", async () => {
    assert.deepEqual((await targets("sip:192.0.2.7", { offers: only("TCP") })).found, ["TCP 192.0.2.7 5060"]);
  });
});

describe("A7, RFC 3263 §4.1: NAPTR", () => {
  it("goes by order, and over SRV by priority; each with the name that a certificate must bear", async () => {
    const { found, names } = await targets("sip:user@example.com", { zone: example });
    assert.deepEqual(found, [
      ...["TLS 192.0.2.1 5061", "TLS 2001:db8::1 5061", "TLS 192.0.2.2 5061"],
      ...["TCP 192.0.2.1 5060", "TCP 2001:db8::1 5060", "TCP 192.0.2.2 5060"],
      "UDP 192.0.2.2 5080",
    ]);
    assert.deepEqual([...new Set(names)], ["example.com"]);
  });

  it("leaves out what is not offered here", async () => {
    const { found } = await targets("sip:user@example.com", { zone: example, offers: only("UDP") });
    assert.deepEqual(found, ["UDP 192.0.2.2 5080"]);
  });

  it("takes only secure services for sips", async () => {
    const { found } = await targets("sips:user@example.com", { zone: example });
    assert.deepEqual(found, ["TLS 192.0.2.1 5061", "TLS 2001:db8::1 5061", "TLS 192.0.2.2 5061"]);
  });

  it("tells WebSocket services apart (RFC 7118), and goes by preference where the order is the same", async () => {
    const zone = {
      "example.org": {
        naptr: [naptr("10 20 SIP+D2W _sip._ws.example.org"), naptr("10 10 sips+d2w _sips._ws.example.org")],
      },
      "_sip._ws.example.org": { srv: [srv("0 0 8080 ws.example.org")] },
      "_sips._ws.example.org": { srv: [srv("0 0 8443 ws.example.org")] },
      "ws.example.org": { a: ["192.0.2.5"] },
    };
    assert.deepEqual((await targets("sip:example.org", { zone })).found, ["WSS 192.0.2.5 8443", "WS 192.0.2.5 8080"]);
  });

  it("passes over records that are not for SIP, or lead no way to SRV", async () => {
    const zone = {
      ...example,
      "example.com": {
        naptr: [naptr("1 1 E2U+sip !^.*$!sip:x@y!", "u"), naptr("1 1 SIP+D2S _sip._sctp.example.com")],
        a: ["192.0.2.99"],
      },
    };
    const { found } = await targets("sip:example.com", { zone, offers: only("UDP") });
    assert.deepEqual(found, ["UDP 192.0.2.2 5080"]);
  });
});

describe("A7, RFC 3263 §4.2: SRV", () => {
  const { "example.com": _, ...withoutNaptr } = example;

  it("is asked for each transport offered, where there is no NAPTR", async () => {
    const { found, asked } = await targets("sip:example.com", { zone: withoutNaptr });
    assert.deepEqual(found, [
      "UDP 192.0.2.2 5080",
      ...["TCP 192.0.2.1 5060", "TCP 2001:db8::1 5060", "TCP 192.0.2.2 5060"],
    ]);
    assert.deepEqual(asked.slice(0, 2), ["NAPTR example.com", "SRV _sip._udp.example.com"]);
    assert.ok(!asked.includes("SRV _sips._tcp.example.com"));
  });

  it("is asked only for the transport that the address names, without NAPTR", async () => {
    const { found, asked } = await targets("sip:example.com;transport=tls", { zone: example });
    assert.deepEqual(found[0], "TLS 192.0.2.1 5061");
    assert.equal(asked[0], "SRV _sips._tcp.example.com");
  });

  it("is asked for maddr rather than for the host", async () => {
    const { asked } = await targets("sip:example.net;maddr=example.com", { zone: example });
    assert.equal(asked[0], "NAPTR example.com");
  });

  it("leaves the others where one machine is not known", async () => {
    const zone = {
      "_sip._udp.x.org": { srv: [srv("1 0 5060 gone.x.org"), srv("2 0 5060 b.x.org")] },
      "b.x.org": { a: ["192.0.2.3"] },
    };
    assert.deepEqual((await targets("sip:x.org", { zone })).found, ["UDP 192.0.2.3 5060"]);
  });

  it('that say the service is not offered are believed (RFC 2782: ".")', async () => {
    const zone = { "x.org": { a: ["192.0.2.3"] }, "_sip._udp.x.org": { srv: [srv("0 0 0 .")] } };
    assert.match(await refusal("sip:x.org", { zone }), /^no-service: x.org has SRV records, but none/);
  });

  it("makes way for the address where there are none, or where the DNS server answers no such question", async () => {
    for (const broken of [[], ["naptr", "srv"]] as const) {
      const zone = { "x.org": { a: ["192.0.2.3"], aaaa: ["2001:db8::3"] } };
      const { found } = await targets("sip:x.org", { zone, broken });
      assert.deepEqual(found, ["UDP 192.0.2.3 5060", "UDP 2001:db8::3 5060"]);
    }
  });
});

describe("an address that leads nowhere", () => {
  it("is refused with a sentence", async () => {
    const udp4: readonly Offer[] = [{ transport: "UDP", families: [4] }];
    assert.match(await refusal("sip:"), /^bad-address: sip: is not an address that can be called$/);
    assert.match(await refusal("tel:123"), /^bad-address/);
    assert.match(await refusal("sip:x.org;transport=sctp"), /^no-transport: .* transport that there is not/);
    assert.match(await refusal("sips:x.org;transport=udp"), /^no-transport/);
    assert.match(await refusal("sips:192.0.2.1", { offers: udp4 }), /needs TLS, which is switched off here$/);
    assert.match(
      await refusal("sip:192.0.2.1;transport=ws", { offers: udp4 }),
      /needs WS, which is switched off here$/,
    );
    assert.match(await refusal("sip:[2001:db8::1]", { offers: udp4 }), /UDP over IPv6, which is switched off here$/);
    assert.match(await refusal("sip:nowhere.org"), /^no-such-host: the name nowhere.org is not known: check/);
    assert.match(
      await refusal("sip:x.org:5060", { broken: ["a", "aaaa"] }),
      /not known.* \(the DNS server is silent\)$/,
    );
  });

  it("asks for no address of a family that is not offered", async () => {
    const { asked } = await targets("sip:example.com:5060", {
      zone: example,
      offers: [{ transport: "UDP", families: [4] }],
    });
    assert.deepEqual(asked, ["A example.com"]);
  });
});
