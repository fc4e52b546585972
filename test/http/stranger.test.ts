// Where an address from a message may not lead.
import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { describe, it } from "node:test";
import { Camera } from "../../src/camera/camera.ts";
import { checkStranger, strangerLookup } from "../../src/http/stranger.ts";
import { Secret } from "../../src/secret.ts";
import { rtspCamera } from "../camera/rtsp/camera.ts";
import { device, rejects } from "../http/device.ts";

const own = () => ["192.0.2.5", "2001:db8::5"];

/** Names that lead where they are told to, one answer after the other. */
const names =
  (...answers: string[][]): LookupFunction =>
  (_name, _options, done) => {
    const found = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    done(
      null,
      found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };

const looked = (name: string, addresses: string[], all: boolean): Promise<unknown> =>
  new Promise((resolve, reject) => {
    strangerLookup({ own, lookup: names(addresses) })(name, { all }, (error, ...found) =>
      error ? reject(error) : resolve(found),
    );
  });

describe("An address from a message", () => {
  it("may not be this machine, link-local, or nobody's, however it is written", () => {
    for (const host of [
      ...["127.0.0.1", "127.9.9.9", "2130706433", "0x7f.1", "0.0.0.0", "192.0.2.5", "169.254.169.254"],
      ...["224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[ff02::1]", "[2001:db8::5]"],
      ...["[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[::ffff:169.254.1.1]"],
    ])
      for (const scheme of ["http", "https", "rtsp", "rtsps"])
        assert.throws(
          () => checkStranger(`${scheme}://${host}:80/a`, { own }),
          /leads to .*: an address in a message may not/,
          host,
        );
  });

  it("may be a camera of the house, and any other device", () => {
    for (const host of ["192.168.1.20", "10.0.0.7", "[fd00::7]", "203.0.113.9", "camera.lan", "[2001:db8::6]"])
      assert.doesNotThrow(() => checkStranger(`http://${host}/a`, { own }), host);
  });

  it("is judged by what its name leads to: all of it", async () => {
    await assert.rejects(
      looked("camera.example", ["203.0.113.9", "127.0.0.1"], true),
      /camera\.example leads to this machine/,
    );
    await assert.rejects(looked("camera.lan", ["169.254.1.1"], false), /camera\.lan leads to a link-local address/);
    await assert.rejects(looked("camera.example", [], false), /has no address/);
    assert.deepEqual(await looked("camera.example", ["203.0.113.9"], false), ["203.0.113.9", 4]);
    assert.deepEqual(await looked("camera.example", ["203.0.113.9"], true), [[{ address: "203.0.113.9", family: 4 }]]);
  });

  it("leads into a private network by a name of that network only", async () => {
    for (const address of ["192.168.1.20", "10.1.2.3", "172.31.0.1", "100.64.0.1", "fd00::7"]) {
      await assert.rejects(looked("evil.example", [address], true), /evil\.example leads to a private network/);
      for (const name of ["camera", "camera.lan", "bell.fritz.box", "bell.home.arpa"])
        await looked(name, [address], true);
    }
  });

  it("is refused on the way too: by HTTP when a name leads elsewhere the next time, and by RTSP", async (t) => {
    let asked = 0;
    const bell = await device(t, (_, response) => {
      asked += 1;
      response.writeHead(302, { Location: "/again", Connection: "close" }).end();
    });
    const port = new URL(bell.url).port;
    // Loopback stands for a camera here, and another address for this machine.
    const rebinding: LookupFunction = (name, options, done) => {
      const address = asked === 0 ? "127.0.0.1" : "192.0.2.5";
      if (asked === 0) done(null, options.all ? [{ address, family: 4 }] : address, 4);
      else strangerLookup({ own, lookup: names([address]) })(name, options, done);
    };
    const camera = new Camera(
      { image: new Secret(`http://camera.lan:${port}/a.jpg`), keepMs: 0 },
      { lookup: rebinding },
    );
    t.after(() => camera.close());
    await rejects(camera.snapshot(), "address-refused", /camera\.lan leads to this machine/);
    assert.equal(asked, 1);

    const film = await rtspCamera(t, {});
    const url = `rtsp://evil.example:${film.port}/live`;
    const other = new Camera(
      { rtsp: new Secret(url) },
      { lookup: strangerLookup({ own, lookup: names(["127.0.0.1"]) }) },
    );
    t.after(() => other.close());
    await rejects(other.snapshot(), "address-refused", /evil\.example leads to this machine/);
    assert.equal(film.connections, 0);
  });
});
