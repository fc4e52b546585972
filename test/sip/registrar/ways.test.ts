// By which way a registered device is reached: proxies, flows, several ways of one device, connections that end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { SipRequest, type SipResponse } from "../../../src/sip/message/message.ts";
import type { Gone } from "../../../src/sip/registrar/location.ts";
import type { Contact } from "../../../src/sip/registrar/contact.ts";
import { Connection } from "../network.ts";
import { house, last, type House } from "../house.ts";
import { sdp, type Party, type Wish } from "../party.ts";

const bell = { extension: "503", login: "503", password: new Secret("pw503") };
const from = { number: "8000", name: "Front door" };
const call = ({ endpoint }: House, contact: Contact) => endpoint.callContact(contact, { from, sdp: sdp(4000) });
const contacts = ({ endpoint }: House): Contact[] => endpoint.location.contacts("6001");

function gone({ endpoint }: House): string[] {
  const seen: string[] = [];
  endpoint.location.on("unregistered", (contact, why: Gone) => seen.push(`${contact.uri} ${why}`));
  return seen;
}

function cut({ flow }: Party): void {
  assert.ok(flow instanceof Connection);
  flow.cut();
}

/** Registers with this Contact; `more` are headers that are added. */
async function register(party: Party, contact: string, more: Record<string, string> = {}, wish: Wish = {}) {
  const before = party.heard.length;
  const headers = { Contact: contact, Expires: "300", ...more };
  await party.authenticated("REGISTER", `pw${party.user}`, { callId: `r-${party.host}`, ...wish, headers });
  const answer = party.heard.slice(before).at(-1);
  party.inbox = [];
  return answer as SipResponse;
}

describe("RFC 3327 a device behind a proxy", () => {
  const path = "<sip:proxy@10.0.0.50;lr>, <sip:inner.example;lr>";

  it("is called by the way that its registration came, by the proxies it named", async () => {
    const made = await house();
    const proxy = made.party({ user: "6001", host: "10.0.0.50" });
    await register(proxy, "<sip:6001@172.16.0.9>", { Path: path, Supported: "path" });
    await call(made, last(contacts(made)));
    const invite = await proxy.takeRequest("INVITE");
    assert.equal(invite.uri, "sip:6001@172.16.0.9");
    assert.deepEqual(invite.list("route"), ["<sip:proxy@10.0.0.50;lr>", "<sip:inner.example;lr>"]);
  });

  it("learns its way from the answer, if it knows such a thing (§5.3)", async () => {
    const made = await house();
    const proxy = made.party({ user: "6001" });
    const told = await register(proxy, proxy.contact, { Path: path, Supported: "path" });
    assert.deepEqual(told.list("path"), path.split(", "));
    const silent = await register(proxy, proxy.contact, { Path: path }, { seq: 11 });
    assert.deepEqual(silent.list("path"), []);
    assert.deepEqual(last(contacts(made)).path, path.split(", "));
  });

  it("is called by all of its way where each proxy wrote a header of its own (§5.2)", async () => {
    const made = await house();
    const proxy = made.party({ user: "6001", host: "10.0.0.50" });
    const all = ["<sip:proxy@10.0.0.50;lr>", "<sip:middle.example;lr>", "<sip:inner.example;lr>"];
    const [one = "", ...others] = all;
    const request = proxy.request("REGISTER", { callId: "r", headers: { Path: one, Supported: "path" } });
    request.add("Path", others.join(", "));
    proxy.send(request);
    proxy.send(proxy.answerTo(await proxy.takeResponse(401), request, "pw6001"));
    assert.deepEqual((await proxy.takeResponse(200)).list("path"), all);
    await call(made, last(contacts(made)));
    assert.deepEqual((await proxy.takeRequest("INVITE")).list("route"), all);
  });

  it("is no page, which is at the end of its connection whatever it says", async () => {
    const made = await house();
    const page = made.party({ user: "6001", transport: "TCP" });
    await register(page, page.contact);
    Object.defineProperty(last(contacts(made)).flow, "as", { value: "6001" });
    page.send(page.request("REGISTER", { callId: "page", headers: { Path: path, Supported: "path" } }));
    assert.deepEqual((await page.takeResponse(200)).list("path"), []);
    assert.deepEqual(
      contacts(made).map((contact) => contact.path),
      [[]],
    );
  });

  it("may require that we understand Path, but nothing that we do not", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    assert.equal((await register(phone, phone.contact, { Require: "path, outbound" })).status, 200);
    phone.send(phone.request("REGISTER", { callId: "x", headers: { Require: "path, gruu" } }));
    const refused = await phone.takeResponse(420);
    assert.equal(refused.get("unsupported"), "gruu");
  });

  it("is refused where its way is no way", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    for (const [index, bad] of ["nonsense", "<tel:1>", "<sip:p;lr>, ".repeat(11)].entries())
      assert.equal((await register(phone, phone.contact, { Path: bad }, { seq: 10 * index + 1 })).status, 400, bad);
    assert.deepEqual(contacts(made), []);
  });

  it("is looked for at its nearest proxy when the connection has broken", async () => {
    const made = await house();
    const proxy = made.party({ user: "6001", host: "10.0.0.50", transport: "TCP" });
    await register(proxy, "<sip:6001@172.16.0.9;transport=tcp>", { Path: "<sip:10.0.0.50;transport=tcp;lr>" });
    cut(proxy);
    await call(made, last(contacts(made)));
    assert.equal((await proxy.takeRequest("INVITE")).get("route"), "<sip:10.0.0.50;transport=tcp;lr>");
  });
});

describe("RFC 5626 one device with several ways", () => {
  const instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"';
  const way = (party: Party, regId: number) => `${party.contact};${instance};reg-id=${regId}`;

  it("takes the place of its older self, whatever address it has now", async () => {
    const made = await house();
    const seen = gone(made);
    const before = made.party({ user: "6001" });
    await register(before, way(before, 1));
    const { id } = last(contacts(made));
    const after = made.party({ user: "6001", port: 40000 });
    await register(after, way(after, 1));
    assert.deepEqual(
      contacts(made).map((contact) => [contact.uri, contact.id]),
      [[`sip:6001@${after.host}:40000`, id]],
    );
    assert.deepEqual(seen, []);
  });

  it("is rung once, by the newest of its ways that is open", async () => {
    const made = await house();
    const udp = made.party({ user: "6001" });
    const tcp = made.party({ user: "6001", transport: "TCP" });
    await register(udp, way(udp, 1));
    await register(tcp, way(tcp, 2));
    const rung = () => made.endpoint.location.devices("6001").map(({ flow }) => flow.transport);
    assert.equal(contacts(made).length, 2);
    assert.deepEqual(rung(), ["TCP"]);
    cut(tcp);
    assert.deepEqual(rung(), ["UDP"]);
  });

  it("hears that its ways are told apart, if it knows such a thing", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const told = await register(phone, way(phone, 1), { Supported: "path, outbound" });
    assert.equal(told.get("require"), "outbound");
    assert.ok(told.get("contact")?.endsWith(`;${instance};reg-id=1`));
    const plain = await register(phone, way(phone, 1), {}, { seq: 11 });
    assert.equal(plain.get("require"), undefined);
  });

  it("is told by no name of more than 200 characters, which would stand in all our answers", async () => {
    for (const [length, known] of [
      [200, true],
      [201, false],
    ] as const) {
      const made = await house();
      const phone = made.party({ user: "6001" });
      const long = "x".repeat(length);
      const told = await register(phone, `${phone.contact};+sip.instance="${long}";reg-id=1`);
      assert.deepEqual([told.status, told.get("contact")?.includes(long)], [200, known]);
      assert.equal(last(contacts(made)).instance !== undefined, known);
    }
  });

  it("is a device without several ways behind a proxy that does not keep flows, and not refused", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const vias = `SIP/2.0/UDP ${phone.host}:5060;branch=z9hG4bKouter;rport, SIP/2.0/UDP 172.16.0.9;branch=z9hG4bKinner`;
    const first = phone.request("REGISTER", { callId: "p", via: vias, headers: { Contact: way(phone, 1) } });
    phone.send(first);
    phone.send(phone.answerTo(await phone.takeResponse(401), first, "pw6001"));
    await phone.takeResponse(200);
    assert.equal(last(contacts(made)).regId, undefined);
  });

  it("hears 439 there where it requires its ways to be told apart, and is taken without them (§6, §11.6)", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const via = `SIP/2.0/UDP ${phone.host}:5060;branch=z9hG4bKouter;rport, SIP/2.0/UDP 172.16.0.9;branch=z9hG4bKinner`;
    const headers = { Contact: way(phone, 1), Supported: "path, outbound", Require: "outbound" };
    const first = phone.request("REGISTER", { callId: "p", via, headers });
    phone.send(first);
    const second = phone.answerTo(await phone.takeResponse(401), first, "pw6001");
    phone.send(second);
    assert.equal((await phone.takeResponse(439)).reason, "First Hop Lacks Outbound Support");
    assert.deepEqual(contacts(made), []);
    const known = await register(phone, phone.contact, { ...headers, Path: "<sip:10.0.0.50;lr;ob>" }, { seq: 20, via });
    assert.deepEqual([known.status, last(contacts(made)).regId], [200, 1]);
    const plain = await register(phone, phone.contact, { Supported: "path, outbound" }, { seq: 30, via });
    assert.deepEqual([plain.status, plain.get("require")], [200, undefined]);
  });

  it("goes with the registration of that way, not with the other", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const other = made.party({ user: "6001" });
    await register(phone, way(phone, 1));
    await register(other, way(other, 2));
    await register(phone, `<sip:6001@10.9.9.9>;${instance};reg-id=1;expires=0`, {}, { seq: 11 });
    assert.deepEqual(
      contacts(made).map(({ regId }) => regId),
      [2],
    );
  });
});

describe("H2 a device that comes back is not locked out", () => {
  it("registers after a restart with a new port, where one device is all there may be", async () => {
    const made = await house();
    made.endpoint.addExtension({ ...bell, maxContacts: 1 });
    for (const port of [5060, 41000, 41001]) {
      const device = made.party({ user: "503", port, host: `10.0.1.${port % 100}` });
      assert.equal((await register(device, device.contact, {}, { callId: `boot-${port}` })).status, 200);
      assert.deepEqual(
        made.endpoint.location.contacts("503").map(({ uri }) => uri),
        [`sip:503@${device.host}:${port}`],
      );
    }
  });

  it("may count from 1 again with the Call-ID it always has, once no older request can be under way", async () => {
    const made = await house();
    const device = made.party({ user: "6001" });
    await register(device, device.contact, {}, { callId: "00-11-22", seq: 500 });
    assert.equal((await register(device, device.contact, {}, { callId: "00-11-22", seq: 1 })).status, 500);
    await made.clock.advance(32_000);
    assert.equal((await register(device, device.contact, {}, { callId: "00-11-22", seq: 2 })).status, 200);
  });

  it("is one device, though it writes its address in another way", async () => {
    const made = await house();
    const device = made.party({ user: "6001" });
    await register(device, `<sip:6001@${device.host}:5060;line=1a>`);
    await register(device, `"Kitchen" <sip:%36001@${device.host}:5060>;q=0.5`, {}, { seq: 11 });
    assert.deepEqual(
      contacts(made).map(({ uri }) => uri),
      [`sip:%36001@${device.host}:5060`],
    );
  });
});

describe("a device that is not where it says, behind NAT", () => {
  it("is called by the way that its registration came", async () => {
    const made = await house();
    const phone = made.party({ user: "6001", port: 61000 });
    await register(
      phone,
      "<sip:6001@192.168.178.20:5060>",
      {},
      { via: "SIP/2.0/UDP 192.168.178.20;rport;branch=z9hG4bKn" },
    );
    await call(made, last(contacts(made)));
    assert.equal((await phone.takeRequest("INVITE")).uri, "sip:6001@192.168.178.20:5060");
  });

  it("goes with its connection, since there is no other way to it", async () => {
    const made = await house();
    const seen = gone(made);
    const phone = made.party({ user: "6001", transport: "TCP" });
    await register(phone, "<sip:6001@192.168.178.20;transport=tcp>");
    cut(phone);
    assert.deepEqual(seen, ["sip:6001@192.168.178.20;transport=tcp connection closed"]);
  });

  it("goes with its connection where it says itself that its address is none (RFC 7118 §5.1)", async () => {
    const made = await house();
    const page = made.party({ user: "6001", transport: "TCP" });
    await register(page, "<sip:x1y2@df7jal23ls0d.invalid;transport=ws>");
    cut(page);
    assert.deepEqual(contacts(made), []);
  });

  it("stays when its connection ends but its address is its own, and is called at it", async () => {
    const made = await house();
    const phone = made.party({ user: "6001", transport: "TCP" });
    await register(phone, phone.contact);
    cut(phone);
    await call(made, last(contacts(made)));
    assert.ok((await phone.takeRequest("INVITE")) instanceof SipRequest);
  });
});

describe("RFC 8599 a device that is woken by push", () => {
  const pushed = ";pn-provider=acme;pn-param=app;pn-prid=ZTY4ZDJl%3D";

  it("is kept with its provider; what wakes it is a secret", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await register(phone, `<sip:6001@${phone.host}:5060${pushed}>`);
    const { push } = last(contacts(made));
    assert.deepEqual([push?.provider, push?.param, push?.prid?.reveal()], ["acme", "app", "ZTY4ZDJl="]);
    assert.ok(!JSON.stringify(push).includes("ZTY4"));
  });

  it("is called with all that it gave, as its server would (§5.6.1)", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await register(phone, `<sip:6001@${phone.host}:5060${pushed}>`);
    await call(made, last(contacts(made)));
    assert.equal((await phone.takeRequest("INVITE")).uri, `sip:6001@${phone.host}:5060${pushed}`);
  });
});
