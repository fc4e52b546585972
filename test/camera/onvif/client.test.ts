// ONVIF devices of all habits: what they are and where their pictures are; the sentence where they do not tell.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { lookAt, type OnvifDevice } from "../../../src/camera/onvif/client.ts";
import { Secret } from "../../../src/secret.ts";
import { device, login, nobody, password, rejects } from "../../http/device.ts";
import { FakeClock } from "../../support/clock.ts";
import { onvifDevice, type Habits } from "./device.ts";

const day = 86_400_000;

async function look(
  t: TestContext,
  habits: Habits,
  more: object = login,
): Promise<{ found: OnvifDevice; host: string }> {
  const camera = await onvifDevice(t, habits);
  return { found: await lookAt({ address: camera.host, ...more }), host: camera.host };
}

const profile = (host: string, name: string, width: number, height: number) => ({
  ...{ name: `Profile ${name}`, codec: "H264", width, height },
  imageUrl: `http://${host}/image/${name}.jpg`,
  videoUrl: `rtsp://127.0.0.1:554/${name}?a=1&b=2`,
});

describe("X: what an ONVIF device is and where its pictures are", () => {
  it("is told by maker, model and profiles, without the credentials that it puts into its URLs", async (t) => {
    const { found, host } = await look(t, { clock: () => Date.now() });
    const { aheadMs = day, ...rest } = found;
    assert.ok(Math.abs(aheadMs) < 5_000);
    assert.deepEqual(rest, {
      ...{ maker: "Klingel & Söhne", model: "K-1", url: `http://${host}/onvif/device_service` },
      profiles: [profile(host, "main", 1920, 1080), profile(host, "sub", 640, 480)],
    });
  });

  for (const prefixes of ["soap", "none", "odd"] as const)
    for (const knows of ["services", "capabilities", "media2"] as const)
      it(`is read with prefixes "${prefixes}" from a device that knows ${knows}`, async (t) => {
        const { found, host } = await look(t, { prefixes, knows, login: "none" }, {});
        assert.deepEqual(found.profiles[0], profile(host, "main", 1920, 1080));
      });

  for (const way of ["token", "token-401"] as const)
    it(`signs with a UsernameToken in the device's own time, three days behind (${way})`, async (t) => {
      const habits: Habits = { login: way, clock: () => Date.now() - 3 * day };
      const { found } = await look(t, habits);
      assert.equal(found.profiles.length, 2);
      assert.equal(Math.round((found.aheadMs ?? 0) / day), -3);
      assert.equal(habits.tokens, 7, "each call but the time's");
    });

  it("has profiles without a picture", async (t) => {
    const { found } = await look(t, { withoutImage: true });
    assert.deepEqual(
      found.profiles.map(({ imageUrl, videoUrl }) => [imageUrl, videoUrl]),
      [
        [undefined, "rtsp://127.0.0.1:554/main?a=1&b=2"],
        [undefined, "rtsp://127.0.0.1:554/sub?a=1&b=2"],
      ],
    );
  });

  for (const tail of ["@".repeat(20_000), "user".repeat(20_000)])
    it(`has no address of ${tail.length} letters (${tail.slice(0, 4)}…), and judging it takes no time`, async (t) => {
      const began = process.threadCpuUsage();
      const { found, host } = await look(t, { tail });
      const { user } = process.threadCpuUsage(began);
      const { imageUrl: _, ...rest } = profile(host, "main", 1920, 1080);
      assert.deepEqual(found.profiles[0], rest);
      assert.ok(user < 2_000_000, `${user} µs`);
    });

  it("P12: is asked at the host that was entered, whatever host the device names", async (t) => {
    const { found, host } = await look(t, { host: "0.0.0.0" });
    assert.deepEqual(found.profiles[0], profile(host, "main", 1920, 1080));
  });
});

describe("X: an ONVIF device that does not tell, in a sentence", () => {
  const wrong = { username: login.username, password: new Secret(`${password}!`) };
  const rejected = async (t: TestContext, habits: Habits, more: object, code: string, says: RegExp) => {
    const camera = await onvifDevice(t, habits);
    await rejects(lookAt({ address: camera.host, ...more }), code, says);
    return camera;
  };

  it("wants a password", async (t) => {
    await rejected(t, {}, {}, "no-password", /wants a user name and password: enter them/);
    await rejected(
      t,
      { login: "token" },
      {},
      "no-password",
      /wants a user name and password: enter those of the camera/,
    );
    await rejected(t, { login: "token-401" }, {}, "no-password", /wants a user name and password: enter those/);
  });

  it("has another password, and is asked with it once, for many lock after a few", async (t) => {
    const digest = await rejected(
      t,
      {},
      wrong,
      "wrong-password",
      /does not accept the user name or password: correct them/,
    );
    assert.equal(digest.requests.filter(({ authorization }) => authorization !== undefined).length, 1);
    const token: Habits = { login: "token", clock: () => Date.now() };
    const { requests } = await rejected(
      t,
      token,
      wrong,
      "wrong-password",
      /correct them; some cameras have users of their own/,
    );
    assert.equal(requests.length, 3, "the time, the question, the question with a token");
  });

  it("has another password or a wrong clock", async (t) => {
    const late: Habits = { login: "token", clock: () => Date.now() - 3 * day };
    await rejected(t, late, wrong, "wrong-password", /Its clock is 3 days behind: set it if they are right/);
    await rejected(t, { login: "token" }, wrong, "wrong-password", /or set its clock, which it does not tell/);
  });

  it("is no ONVIF device", async (t) => {
    const page = await device(t, (_, response) => response.end("<html><body>Welcome</body></html>"));
    await rejects(
      lookAt({ address: page.host }),
      "not-onvif",
      /answered with no SOAP, so it speaks no ONVIF there: switch ONVIF on/,
    );
    const none = await device(t, (_, response) => response.writeHead(404).end());
    await rejects(lookAt({ address: none.url, ...login }), "not-onvif", /answered with status 404/);
  });

  it("has no profiles", async (t) => {
    await rejected(
      t,
      { profiles: [] },
      login,
      "no-profiles",
      /has no media profiles: set up its video in its own pages/,
    );
  });

  it("refuses with no end of codes and no reason", async (t) => {
    const code = `<s:Code><s:Value>s:${"Busy\u0007 ".repeat(50_000)}</s:Value></s:Code>`;
    const camera = await device(t, (_request, response) => {
      response.writeHead(400).end(`<s:Envelope><s:Body><s:Fault>${code}</s:Fault></s:Body></s:Envelope>`);
    });
    const { message } = await rejects(lookAt({ address: camera.host, ...login }), "onvif-fault", /refuses: Busy Busy/);
    assert.ok(message.length < 300, `${message.length} letters`);
  });

  it("does not answer, or not to the end", async (t) => {
    await rejects(lookAt({ address: await nobody() }), "refused", /refused the connection/);
    const clock = new FakeClock();
    const silent = await device(t, () => void clock.advance(5_000));
    await rejects(lookAt({ address: silent.host }, { clock }), "timeout", /did not answer within 5 s/);
    assert.equal(clock.pending, 0);
    const slow = await device(
      t,
      (_, response) =>
        void clock
          .advance(4_900)
          .then(() => response.end("<Envelope><Body><Profiles token='a'/><Profiles token='b'/></Body></Envelope>")),
    );
    await rejects(lookAt({ address: slow.host }, { clock }), "timeout", /was asked for 25 s and is not done/);
    assert.equal(clock.pending, 0);
  });

  for (const address of ["", "my camera", "ftp://192.0.2.7", "192.0.2.7/onvif", "http://"])
    it(`has no address in "${address}"`, async () => {
      await rejects(lookAt({ address }), "bad-address", /must be a host such as 192\.0\.2\.7/);
    });
});
