// Logins, redirects and certificates of RTSP: the same rules as for HTTP.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { parseCredentials, verifyDigest } from "../../../src/digest.ts";
import { Secret } from "../../../src/secret.ts";
import { fingerprint, login, password } from "../../http/device.ts";
import { rtspCamera, watch, type Asked, type CameraOptions, type Saying } from "./camera.ts";

interface Guard {
  readonly algorithm?: "MD5" | "SHA-256";
  /** A nonce is good for so many requests, then stale. */
  readonly uses?: number;
}

/** Lets through only requests signed with Digest, each for the very URI in its first line. */
function guard({ algorithm = "MD5", uses = Infinity }: Guard = {}): NonNullable<CameraOptions["answer"]> {
  let [nonce, used] = [1, 0];
  return ({ method, uri, headers }) => {
    const given = parseCredentials(headers.get("authorization") ?? "");
    const right = given?.uri === uri && given.algorithm === algorithm && verifyDigest(given, password, method);
    const current = given?.nonce === `n${nonce}` && used < uses;
    if (right && current && given.username === login.username) {
      used += 1;
      return undefined;
    }
    if (given) [nonce, used] = [nonce + 1, 0];
    const stale = right && !current ? ", stale=true" : "";
    return challenge(`Digest realm="camera", nonce="n${nonce}", algorithm=${algorithm}, qop="auth"${stale}`);
  };
}

const challenge = (value: string): Saying => ({ status: "401 Unauthorized", headers: { "WWW-Authenticate": value } });
const sent = (asked: readonly Asked[]) => asked.map(({ headers }) => headers.get("authorization")?.split(" ")[0]);

describe("logins of RTSP, RFC 7616 and 7617", () => {
  for (const algorithm of ["MD5", "SHA-256"] as const)
    it(`signs each request with ${algorithm} for its own URI, from the second on without being asked`, async (t) => {
      const camera = await rtspCamera(t, { answer: guard({ algorithm }) });
      const watched = watch(t, camera.url, login);
      await camera.request("PLAY");
      camera.picture();
      await watched.count(1);
      assert.equal(camera.asked.filter(({ method }) => method === "OPTIONS").length, 2);
      assert.equal(camera.asked.length, 5);
      watched.stream.close();
      assert.equal(
        parseCredentials((await camera.request("TEARDOWN")).headers.get("authorization") ?? "")?.nc,
        "00000005",
      );
    });

  it("goes on with a stale nonce's successor (§3.3)", async (t) => {
    const camera = await rtspCamera(t, { answer: guard({ uses: 1 }) });
    const watched = watch(t, camera.url, login);
    await camera.request("PLAY", 2);
    camera.picture();
    await watched.count(1);
  });

  it("takes user and password out of the URL, written as people write them", async (t) => {
    const camera = await rtspCamera(t, {
      answer: ({ headers }) =>
        headers.get("authorization") === `Basic ${Buffer.from("bell:p@ss:w/rd").toString("base64")}`
          ? undefined
          : challenge('Basic realm="x"'),
    });
    const watched = watch(t, camera.url.replace("rtsp://", "rtsp://bell:p@ss:w/rd@"));
    await camera.request("PLAY");
    assert.ok(camera.asked.every(({ uri }) => !uri.includes("@")));
    assert.ok(!inspect([watched.log, watched.stream], { depth: 9, showHidden: true }).includes("p@ss"));
  });

  it("never sends the password in the clear where Digest was offered, at once or before", async (t) => {
    const both = await rtspCamera(t, {
      answer: () => challenge('Basic realm="x", Digest realm="x", nonce="1"'),
    });
    const refused = await watch(t, both.url, login).ended;
    assert.equal(refused?.code, "wrong-password");
    assert.ok(sent(both.asked).every((scheme) => scheme !== "Basic"));
    let turns = 0;
    const weakening = await rtspCamera(t, {
      answer: () => challenge(turns++ === 0 ? 'Digest realm="x", nonce="1"' : 'Basic realm="x"'),
    });
    assert.equal((await watch(t, weakening.url, login).ended)?.code, "auth-weakened");
    assert.ok(sent(weakening.asked).every((scheme) => scheme !== "Basic"));
  });

  it("ends with a sentence, never in a loop: wrong, missing, unknown, always stale", async (t) => {
    const digest = 'Digest realm="x", nonce="1"';
    for (const [answer, more, code, requests] of [
      [guard(), { ...login, password: new Secret("other") }, "wrong-password", 2],
      [guard(), {}, "no-password", 1],
      [() => challenge('Negotiate realm="x"'), login, "auth-unknown", 1],
      [() => challenge(`${digest}, stale=true`), login, "auth-loop", 4],
      [() => challenge('Basic realm="x"'), login, "wrong-password", 2],
    ] as const) {
      const camera = await rtspCamera(t, { answer });
      const error = await watch(t, camera.url, more).ended;
      assert.deepEqual([error?.code, camera.asked.length], [code, requests]);
      assert.ok(!inspect(error, { depth: 9 }).includes(password));
    }
  });

  it("refuses a user name that would begin a header of its own", async (t) => {
    const camera = await rtspCamera(t, { answer: () => challenge('Digest realm="x", nonce="1"') });
    const error = await watch(t, camera.url, { ...login, username: "a\r\nX: y" }).ended;
    assert.equal(error?.code, "bad-request");
  });
});

describe("redirects, RFC 2326 §11.3", () => {
  const to = (location: (port: number) => string): NonNullable<CameraOptions["answer"]> => {
    let done = false;
    return ({ method }, { port }) => {
      if (method !== "DESCRIBE" || done) return undefined;
      done = true;
      return { status: "302 Moved", headers: { Location: location(port) } };
    };
  };

  it("are followed on the same host", async (t) => {
    const camera = await rtspCamera(t, { answer: to((port) => `rtsp://127.0.0.1:${port}/other`) });
    watch(t, camera.url);
    assert.match((await camera.request("PLAY")).uri, /\/other$/);
  });

  it("are refused to another host, to another protocol, and out of TLS", async (t) => {
    for (const [location, why] of [
      [() => "rtsp://192.0.2.9/live", /to another host, 192\.0\.2\.9/],
      [() => "http://127.0.0.1/live", /to http:, which is no RTSP/],
    ] as const) {
      const error = await watch(t, (await rtspCamera(t, { answer: to(location) })).url).ended;
      assert.equal(error?.code, "redirect-refused");
      assert.match(error.message, why);
    }
    const secure = await rtspCamera(t, { tls: "camera", answer: to((port) => `rtsp://127.0.0.1:${port}/live`) });
    const error = await watch(t, secure.url, { verifyTls: false }).ended;
    assert.match(error?.message ?? "", /from rtsps: to rtsp:/);
  });

  it("end after some", async (t) => {
    const camera = await rtspCamera(t, {
      answer: ({ method }, { port }) =>
        method === "DESCRIBE" ? { status: "302 Moved", headers: { Location: `rtsp://127.0.0.1:${port}/` } } : undefined,
    });
    assert.equal((await watch(t, camera.url).ended)?.code, "redirect-refused");
    assert.equal(camera.connections, 5);
  });
});

describe("P12 rtsps", () => {
  it("takes the pinned certificate, or any where verification is off", async (t) => {
    const camera = await rtspCamera(t, { tls: "camera" });
    for (const [nth, more] of [{ pin: fingerprint("camera") }, { verifyTls: false }].entries()) {
      watch(t, camera.url, more);
      await camera.request("PLAY", nth + 1);
    }
  });

  it("says nothing to one that shows another, or one that nobody vouches for", async (t) => {
    const camera = await rtspCamera(t, { tls: "camera" });
    for (const [more, code] of [
      [{ pin: fingerprint("impostor") }, "pin-mismatch"],
      [{}, "tls-untrusted"],
      [{ pin: "12" }, "bad-pin"],
    ] as const)
      assert.equal((await watch(t, camera.url, { ...login, ...more }).ended)?.code, code);
    assert.deepEqual(camera.asked, []);
    const plain = await rtspCamera(t);
    assert.ok(await watch(t, plain.url.replace("rtsp:", "rtsps:"), { timeoutMs: 500 }).ended);
  });
});
