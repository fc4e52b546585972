// Each make that opens by HTTP, through its preset, at a device that was written from what its maker says.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openByHttp } from "../../src/door/http-opening.ts";
import type { Step } from "../../src/door/means.ts";
import { presetOf, presets } from "../../src/door/presets.ts";
import { checkDoor } from "../../src/door/settings.ts";
import { HttpClient } from "../../src/http.ts";
import { Secret } from "../../src/secret.ts";
import type { Asking } from "../../src/sim/devices/entry.ts";
import { openers, SimOpener, slowMs, type OpenerMake } from "../../src/sim/devices/opener.ts";
import { FakeClock } from "../support/clock.ts";

const makes = Object.keys(openers) as OpenerMake[];
const owner = { login: "adm in", password: new Secret("p&s/%w?"), pin: "4711" };

let clock: FakeClock;
let client: HttpClient;
let device: SimOpener | undefined;

beforeEach(() => {
  clock = new FakeClock();
  client = new HttpClient({ clock });
});
afterEach(async () => {
  client.close();
  await device?.close();
  device = undefined;
});

async function start(make: OpenerMake, asking?: Asking): Promise<SimOpener> {
  await device?.close();
  return (device = await SimOpener.open({ make, owner, clock, ...(asking && { asking }) }));
}

/** Opens through the preset; `form` is what its user entered otherwise. */
function open(make: OpenerMake, { relay, form = {} }: { relay?: string; form?: object } = {}): Promise<Step> {
  const door = checkDoor({
    ...{ id: "front", name: "Frontdoor", preset: make, extension: "503", password: "pw", code: "4711#" },
    ...{ address: "door.test", cameraUsername: owner.login, cameraPassword: owner.password, ...form },
  });
  const http = {
    request: (r: Parameters<HttpClient["request"]>[0]) =>
      client.request({ ...r, url: r.url.replace(/^https?:\/\/door\.test/, `http://127.0.0.1:${device?.port}`) }),
  };
  return openByHttp(clock, door, presetOf(make), { http }, relay);
}

/** The same, while time goes on in steps of `ms`, as often as something is asked or waited for. */
async function openInTime(make: OpenerMake, ms: number): Promise<Step> {
  const ended = new AbortController();
  const step = open(make).finally(() => ended.abort());
  while (!ended.signal.aborted) {
    await new Promise((resolve) => setImmediate(resolve));
    if (device?.asked.length) await clock.advance(ms);
  }
  return step;
}

describe("X5 each make opens by HTTP as its preset says", () => {
  it("has a device here", () => {
    const byHttp = [...presets.values()].flatMap(({ id, opening }) => (opening ? [id] : []));
    assert.deepEqual(makes.toSorted(), byHttp.sort());
  });

  for (const make of makes) {
    it(`${make}: opens once, and a second time, with the login that it wants`, async () => {
      const device = await start(make);
      for (const turn of [1, 2]) {
        const { ok, confirmed, reason } = await open(make);
        assert.ok(ok, reason);
        assert.equal(confirmed, make === "2n" ? true : undefined);
        assert.deepEqual(device.moved, Array(turn).fill("1"));
      }
    });

    it(`P7 ${make}: with a wrong password nothing moves, and no sentence tells one`, async () => {
      const device = await start(make);
      const { ok, reason } = await open(make, { form: { cameraPassword: "wr&ong" } });
      assert.deepEqual([ok, device.moved], [false, []]);
      assert.doesNotMatch(reason, /wr&ong|wr%26ong|4711|p&s/);
      if (openers[make].asking.scheme !== "none") assert.match(reason, /does not accept the user name or password/);
    });
  }

  for (const make of makes.filter((make) => !["grandstream", "fanvil"].includes(make)))
    it(`${make}: opens the relay that is asked for, and says so where there is none`, async () => {
      const device = await start(make);
      assert.ok((await open(make, { relay: "2" })).ok);
      assert.deepEqual(device.moved, ["2"]);
      const { ok, reason } = await open(make, { relay: "3" });
      assert.deepEqual([ok, device.moved], [false, ["2"]]);
      assert.match(reason, /number of (?:the|its) relay|not enabled|HTTP 40[04]/);
    });

  it("doorbird: opens a relay of a door controller", async () => {
    const device = await start("doorbird");
    assert.ok((await open("doorbird", { relay: "ghdwkl@1" })).ok);
    assert.deepEqual(device.moved, ["ghdwkl@1"]);
  });

  it("grandstream: a wrong remote PIN does not open", async () => {
    const device = await start("grandstream");
    const { ok, untouched, reason } = await open("grandstream", { form: { code: "4712#" } });
    assert.deepEqual([ok, untouched, device.moved], [false, true, []]);
    assert.match(reason, /does not accept the remote PIN or the administrator's password/);
  });
});

describe("X5 what a make's refusals mean", () => {
  for (const [make, sentence] of [
    ["2n", /give the account the rights for switch control/],
    ["akuvox-api", /knows no such command: choose the preset for opening by "Open Relay via HTTP"/],
    ["dahua", /refused the user, password or right \(HTTP 403\)/],
    ["doorbird", /may not open now: give it the right "watch always"/],
    ["grandstream", /switch on "HTTP API Remote Open Door"/],
    ["hikvision", /give it the right for remote control/],
  ] as const)
    it(`${make}: an account without the right`, async () => {
      const device = await start(make);
      device.mayOpen = false;
      const { ok, untouched, reason } = await open(make);
      assert.deepEqual([ok, untouched, device.moved], [false, true, []]);
      assert.match(reason, sentence);
    });

  it("doorbird: locked out", async () => {
    const device = await start("doorbird");
    device.lockedOut = true;
    assert.match((await open("doorbird")).reason, /locked after too many wrong codes or passwords: wait/);
  });
});

describe("X5 devices that are odd", () => {
  for (const scheme of ["basic", "MD5", "SHA-256"] as const)
    for (const nonces of scheme === "basic" ? (["kept"] as const) : (["kept", "once", "stale"] as const))
      it(`are opened with ${scheme} and nonces ${nonces}, each time`, async () => {
        const device = await start("2n", { scheme, nonces, ...(nonces === "kept" ? {} : { qop: "auth" }) });
        for (const turn of [1, 2, 3]) {
          const { ok, reason } = await open("2n");
          assert.ok(ok, reason);
          assert.equal(device.moved.length, turn);
        }
      });

  for (const make of makes)
    it(`${make}: a silent one is given up, and is not asked to open twice`, async () => {
      const device = await start(make);
      device.manner = "silent";
      const { ok, untouched, reason } = await openInTime(make, 5_000);
      assert.deepEqual([ok, untouched, device.asked.length], [false, undefined, 1]);
      assert.match(reason, /did not answer within 5 s/);
    });

  it("a slow one is waited for", async () => {
    const device = await start("hikvision");
    device.manner = "slow";
    const { ok, reason } = await openInTime("hikvision", slowMs / 2);
    assert.ok(ok, reason);
    assert.deepEqual(device.moved, ["1"]);
  });

  it("a lying one is not confirmed, where it can be asked; elsewhere nobody can tell", async () => {
    const device = await start("2n");
    device.manner = "lying";
    const { ok, confirmed, reason } = await openInTime("2n", 300);
    assert.deepEqual([ok, confirmed, device.moved], [false, false, []]);
    assert.match(reason, /^not confirmed/);
    assert.equal(device.asked.filter((asked) => asked.endsWith("ctrl")).length, 1);
    (await start("dahua")).manner = "lying";
    const told = await open("dahua");
    assert.deepEqual([told.ok, told.confirmed], [true, undefined]);
  });
});
