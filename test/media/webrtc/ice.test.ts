// The lite side of ICE, RFC 8445, against checks as a browser makes them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attributeType, isFrom, method, parseStun, seenAt, writeStun, type Attribute } from "../../../src/stun.ts";
import { IceLite } from "../../../src/media/worker/webrtc/ice.ts";
import { FakeClock } from "../../support/clock.ts";

const local = { ufrag: "evtj", password: "VOkJxbRl1RmTxUk/WvJxBt" };
const remote = { ufrag: "h6vY", password: "of-the-browser-0123456789" };
const id = Buffer.from("b7e7a701bc34d686fa87dfae", "hex");
const empty = (type: number): Attribute => ({ type, value: Buffer.alloc(0) });
const nominating = empty(attributeType.useCandidate);
const controlling = { type: attributeType.iceControlling, value: Buffer.alloc(8, 7) };

function check(attributes: readonly Attribute[] = [nominating], by: { user?: string; password?: string } = {}): Buffer {
  const value = Buffer.from(by.user ?? "evtj:h6vY");
  const all = [
    { type: attributeType.username, value },
    { type: attributeType.priority, value: Buffer.alloc(4, 1) },
  ];
  return writeStun(method.request, id, [...all, controlling, ...attributes], by.password ?? local.password);
}

function agent() {
  const clock = new FakeClock();
  return { ice: new IceLite(local, remote, () => clock.now()), clock };
}

function answer(ice: IceLite, data: Buffer, port = 50_000, address = "192.0.2.1") {
  const reply = ice.receive(data, address, port);
  const message = reply && parseStun(reply);
  if (!reply || !message) return undefined;
  const code = message.attributes.get(attributeType.errorCode);
  const status = code && code.readUInt8(2) * 100 + code.readUInt8(3);
  return { message, status, signed: isFrom(reply, message, local.password) };
}

describe("ICE-lite, RFC 8445", () => {
  it("answers a check with where it came from, signed with our password", () => {
    const { ice } = agent();
    const found = answer(ice, check());
    assert.equal(found?.message.type, method.success);
    assert.deepEqual(seenAt(found.message), { host: "192.0.2.1", port: 50_000 });
    assert.equal(found.signed, true);
    assert.deepEqual(found.message.id, id);
  });

  it("sends where the browser nominates, and follows it to another place (§8.1.1)", () => {
    const { ice } = agent();
    answer(ice, check([]));
    assert.equal(ice.selected, undefined);
    answer(ice, check(), 50_001);
    assert.deepEqual(ice.selected, { address: "192.0.2.1", port: 50_001 });
    answer(ice, check(), 50_002, "2001:db8::7");
    assert.deepEqual(ice.selected, { address: "2001:db8::7", port: 50_002 });
  });

  it("believes no place without a check from there", () => {
    const { ice } = agent();
    answer(ice, check());
    assert.equal(ice.knows("192.0.2.1", 50_000), true);
    assert.equal(ice.knows("192.0.2.1", 50_001), false);
    assert.equal(ice.knows("192.0.2.2", 50_000), false);
  });

  for (const [what, status, data] of [
    ["a wrong password", 401, check([nominating], { password: "guessed-guessed-guessed" })],
    ["another session's name", 401, check([nominating], { user: "evtj:xxxx" })],
    ["our name on the wrong side", 401, check([nominating], { user: "h6vY:evtj" })],
    ["no name", 400, writeStun(method.request, id, [nominating], local.password)],
  ] as const)
    it(`refuses a check with ${what}, and believes nothing of it (RFC 8489 §9.1.3)`, () => {
      const { ice } = agent();
      assert.deepEqual([answer(ice, data)?.status, answer(ice, data)?.signed], [status, false]);
      assert.equal(ice.selected, undefined);
      assert.equal(ice.knows("192.0.2.1", 50_000), false);
    });

  it("says that the other side controls (487, §7.3.1.1), and what it does not understand (420)", () => {
    const { ice } = agent();
    assert.equal(answer(ice, check([empty(attributeType.iceControlled)]))?.status, 487);
    assert.equal(answer(ice, check([empty(0x7001)]))?.status, 420);
    assert.equal(ice.selected, undefined);
  });

  it("answers no indication, no answer, and nothing without FINGERPRINT", () => {
    const { ice } = agent();
    const { ufrag } = local;
    const name = { type: attributeType.username, value: Buffer.from(`${ufrag}:${remote.ufrag}`) };
    for (const data of [
      writeStun(method.indication, id, [name], local.password),
      writeStun(method.success, id, [name], local.password),
      writeStun(method.request, id, [name]),
      Buffer.from("not STUN"),
    ])
      assert.equal(ice.receive(data, "192.0.2.1", 50_000), undefined);
  });

  it("sends nothing more when no check came for 30 seconds, until one comes (RFC 7675 §5.1)", async () => {
    const { ice, clock } = agent();
    answer(ice, check());
    await clock.advance(29_999);
    assert.ok(ice.selected);
    await clock.advance(1);
    assert.equal(ice.selected, undefined);
    answer(ice, check([]));
    assert.ok(ice.selected);
  });

  it("keeps no more places than a browser has, and forgets old ones first", async () => {
    const { ice, clock } = agent();
    for (let port = 50_000; port < 50_040; port++) answer(ice, check([]), port);
    assert.equal(ice.knows("192.0.2.1", 50_031), true);
    assert.equal(ice.knows("192.0.2.1", 50_032), false);
    await clock.advance(30_000);
    answer(ice, check(), 50_099);
    assert.deepEqual(ice.selected, { address: "192.0.2.1", port: 50_099 });
  });
});
