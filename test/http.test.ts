import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { parseCredentials } from "../src/digest.ts";
import { Secret } from "../src/secret.ts";
import {
  client,
  device,
  digestGuard,
  drip,
  flood,
  get,
  login,
  nobody,
  password,
  rawDevice,
  rejects,
  silentDevice,
} from "./http/device.ts";
import { FakeClock } from "./support/clock.ts";

const fine = (_: unknown, response: { end: (text: string) => void }) => response.end("fine");
const ncOf = (authorization: string | undefined) => parseCredentials(authorization ?? "")?.nc;

describe("Digest login, RFC 7616", () => {
  for (const algorithm of ["MD5", "SHA-256"] as const) {
    it(`answers a challenge with ${algorithm} and signs the next request at once, nc counted (§3.4)`, async (t) => {
      const door = await device(t, digestGuard(fine, { algorithm }));
      const http = client(t);
      const url = `${door.url}/api/camera/snapshot?width=640&height=480`;
      const first = await http.request(get(url, login));
      const second = await http.request(get(url, login));
      assert.deepEqual([first.status, String(first.body), String(second.body)], [200, "fine", "fine"]);
      assert.deepEqual(
        door.requests.map((r) => ncOf(r.authorization)),
        [undefined, "00000001", "00000002"],
      );
      assert.equal(door.connections, 1, "the connection is kept, over the 401 too");
    });
  }

  it("takes a stale nonce's successor without giving up (§3.3)", async (t) => {
    const door = await device(t, digestGuard(fine, { uses: 1 }));
    const http = client(t);
    for (let i = 0; i < 3; i++) assert.equal((await http.request(get(door.url, login))).status, 200);
    assert.equal(door.requests.length, 6);
  });

  it("tries once more where a nonce has ended and the server does not say stale", async (t) => {
    const door = await device(t, digestGuard(fine, { uses: 1, saysStale: false }));
    const http = client(t);
    for (let i = 0; i < 3; i++) assert.equal((await http.request(get(door.url, login))).status, 200);
  });

  it("ends when the server finds every nonce stale", async (t) => {
    const door = await device(t, digestGuard(fine, { uses: 0 }));
    await rejects(client(t).request(get(door.url, login)), "auth-loop", /too old/);
    assert.equal(door.requests.length, 4);
  });

  it("sends a wrong password once for each request, never in a loop", async (t) => {
    const door = await device(t, digestGuard(fine));
    const http = client(t);
    const wrong = { username: "admin", password: new Secret("wrong") };
    for (const tries of [1, 2]) {
      const request = http.request(get(`${door.url}/a.jpg`, wrong));
      const error = await rejects(request, "wrong-password", /user name or password/);
      assert.equal(error.advice, "giveUp");
      // A bell locks a user out after some wrong tries.
      assert.equal(door.requests.filter((r) => r.authorization !== undefined).length, tries);
    }
    assert.equal((await http.request(get(door.url, login))).status, 200, "the right one is accepted afterwards");
  });

  it("says that a password is wanted", async (t) => {
    const door = await device(t, digestGuard(fine));
    await rejects(client(t).request(get(door.url)), "no-password", /enter them/);
  });

  it("never sends Basic where Digest is offered beside it", async (t) => {
    const door = await device(t, digestGuard(fine, { algorithm: "MD5", also: 'Basic realm="camera"' }));
    assert.equal((await client(t).request(get(door.url, login))).status, 200);
    assert.match(door.requests[1]?.authorization ?? "", /^Digest /);
  });

  it("never sends Basic where Digest was offered before", async (t) => {
    const guard = digestGuard(fine, { uses: 1 });
    let weak = false;
    const door = await device(t, (request, response) => {
      if (weak) response.writeHead(401, { "WWW-Authenticate": 'Basic realm="camera"' }).end();
      else guard(request, response);
    });
    const http = client(t);
    await http.request(get(door.url, login));
    weak = true;
    await rejects(http.request(get(door.url, login)), "auth-weakened", /in the clear/);
    assert.ok(door.requests.every((r) => !r.authorization?.startsWith("Basic")));
  });

  it("prefers SHA-256 to MD5 (RFC 7616 §3.7)", async (t) => {
    const door = await device(t, digestGuard(fine, { also: 'Digest realm="camera", nonce="old", algorithm=MD5' }));
    assert.equal((await client(t).request(get(door.url, login))).status, 200);
  });

  it("signs a POST with its body sent again", async (t) => {
    const bodies: string[] = [];
    const guard = digestGuard(fine);
    const door = await device(t, (request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => (body += String(piece)));
      request.on("end", () => {
        bodies.push(body);
        guard(request, response);
      });
    });
    const answer = await client(t).request(get(door.url, { ...login, method: "POST", body: "mode=öffnen" }));
    assert.equal(answer.status, 200);
    assert.deepEqual(bodies, ["mode=öffnen", "mode=öffnen"]);
    assert.equal(door.connections, 2, "a POST has a connection of its own, so that it is never sent twice by a retry");
  });

  it("names a user beyond ASCII as UTF-8 (RFC 7616 §4)", async (t) => {
    let named = "";
    const door = await device(t, (request, response) => {
      named = Buffer.from(request.headers.authorization ?? "", "latin1").toString("utf8");
      if (named) response.end();
      else response.writeHead(401, { "WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"' }).end();
    });
    await client(t).request(get(door.url, { username: "Türöffner→", password: new Secret("x") }));
    assert.match(named, /username="Türöffner→"/);
  });
});

describe("Basic login, RFC 7617", () => {
  const guarded = (t: TestContext) =>
    device(t, (request, response) => {
      const wanted = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
      if (request.headers.authorization === wanted) response.end("fine");
      else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="camera"' }).end();
    });

  it("is sent when asked for, and at once the next time", async (t) => {
    const door = await guarded(t);
    const http = client(t);
    await http.request(get(door.url, login));
    assert.equal((await http.request(get(door.url, login))).status, 200);
    assert.deepEqual(
      door.requests.map((r) => r.authorization !== undefined),
      [false, true, true],
    );
  });

  it("refuses a wrong password", async (t) => {
    const door = await guarded(t);
    const wrong = { username: "admin", password: new Secret("wrong") };
    const http = client(t);
    await rejects(http.request(get(door.url, wrong)), "wrong-password", /does not accept/);
    assert.equal(door.requests.length, 2);
    await http.request(get(door.url, login));
    await rejects(http.request(get(door.url, wrong)), "wrong-password", /does not accept/);
    assert.equal(door.requests.filter((r) => r.authorization !== undefined).length, 3, "each was sent once");
  });

  it("P7 is taken from the URL, which is shown without it", async (t) => {
    const door = await guarded(t);
    const http = client(t);
    const url = `http://admin:${password}@${door.host}/a.jpg`;
    const answer = await http.request(get(url));
    assert.deepEqual([answer.status, answer.url], [200, `${door.url}/a.jpg`]);
    assert.equal(door.requests[0]?.path, "/a.jpg");
  });
});

describe("Limits", () => {
  it("ends after the time-out when nothing answers, with a sentence (P7)", async (t) => {
    const door = await device(t, () => {});
    const clock = new FakeClock();
    const request = client(t, { clock }).request(
      get(`http://admin:${password}@${door.host}/jpg/image.jpg`, { what: "The camera" }),
    );
    const rejected = rejects(
      request,
      "timeout",
      /^The camera at http:\/\/127\.0\.0\.1:\d+\/jpg\/image\.jpg did not answer within 5 s: is it reachable from this machine\?$/,
    );
    await door.asked;
    await clock.advance(4_999);
    await clock.advance(1);
    assert.equal((await rejected).advice, "again");
    assert.equal(clock.pending, 0);
  });

  it("counts the time-out over everything: a slow drip does not extend it", async (t) => {
    const clock = new FakeClock();
    const door = await device(t, (_, response) => drip(response, Buffer.alloc(60), clock));
    const late = /began to answer but did not finish within 5 s \([1-6] bytes came\)/;
    await rejects(client(t, { clock }).request(get(door.url)), "timeout", late);
  });

  it("counts the time-out over a TLS handshake that does not come about, and hangs up", async (t) => {
    const clock = new FakeClock();
    const bell = await silentDevice(t);
    const running = rejects(client(t, { clock }).request(get(bell.url)), "timeout", /did not answer within 5 s/);
    await bell.connected;
    await clock.advance(5_000);
    await running;
    await bell.left;
  });

  it("counts the time-out over logins and redirects", async (t) => {
    const clock = new FakeClock();
    const door = await device(t, (_, response) => {
      void clock.advance(2_000).then(() => response.writeHead(302, { Location: "/again" }).end());
    });
    await rejects(client(t, { clock }).request(get(door.url)), "timeout", /within 5 s/);
    assert.equal(door.requests.length, 3);
  });

  it("ends a body beyond the size limit, declared or not", async (t) => {
    const declared = await device(t, (_, response) =>
      response.writeHead(200, { "Content-Length": "100001" }).write("x"),
    );
    const endless = await device(t, (_, response) => flood(response));
    const http = client(t);
    await rejects(http.request(get(declared.url)), "too-large", /more than 98 KiB/);
    await rejects(http.request(get(endless.url)), "too-large", /more than 98 KiB/);
  });

  it("reads a body of exactly the limit", async (t) => {
    const door = await device(t, (_, response) => response.end(Buffer.alloc(100_000)));
    assert.equal((await client(t).request(get(door.url))).body.length, 100_000);
  });

  it("does not read an endless 401 to its end", async (t) => {
    const guard = digestGuard(fine);
    const door = await device(t, (request, response) => {
      if (request.headers.authorization) {
        guard(request, response);
        return;
      }
      response.writeHead(401, {
        "WWW-Authenticate": 'Digest realm="camera", nonce="nonce-1", qop="auth", algorithm=SHA-256',
      });
      flood(response);
    });
    assert.equal((await client(t).request(get(door.url, login))).status, 200);
  });

  it("ends when its caller aborts, and at once when he had before", async (t) => {
    const door = await device(t, () => {});
    const clock = new FakeClock();
    const http = client(t, { clock });
    const abort = new AbortController();
    const running = rejects(http.request(get(door.url, { signal: abort.signal })), "aborted", /was cancelled/);
    await door.asked;
    abort.abort();
    await running;
    await rejects(http.request(get(door.url, { signal: abort.signal })), "aborted", /was cancelled/);
    assert.deepEqual([door.requests.length, clock.pending], [1, 0]);
  });

  it("ends running requests when it is closed, and takes no new ones", async (t) => {
    const door = await device(t, () => {});
    const http = client(t);
    const running = rejects(http.request(get(door.url)), "closed", /closed/);
    await door.asked;
    http.close();
    await running;
    await rejects(http.request(get(door.url)), "closed", /closed/);
  });
});

describe("Redirects", () => {
  const to = (location: string, status = 302) => [status, { Location: location }] as const;

  it("are followed on the same host, also to another port, with the login", async (t) => {
    const target = await device(t, digestGuard(fine));
    const door = await device(t, (_, response) => response.writeHead(...to(`${target.url}/new.jpg`, 307)).end());
    const answer = await client(t).request(get(`${door.url}/old.jpg`, login));
    assert.deepEqual([answer.status, answer.url], [200, `${target.url}/new.jpg`]);
  });

  it("are not followed to another host", async (t) => {
    let asked = false;
    const other = await device(t, (_, response) => {
      asked = true;
      response.end();
    });
    const elsewhere = other.url.replace("127.0.0.1", "localhost").replace("//", `//admin:${password}@`);
    const door = await device(t, (_, response) => response.writeHead(...to(elsewhere)).end());
    await rejects(client(t).request(get(door.url, login)), "redirect-refused", /another host, localhost/);
    assert.equal(asked, false);
  });

  it("are not followed more than three times", async (t) => {
    const door = await device(t, (_, response) => response.writeHead(...to("/round")).end());
    await rejects(client(t).request(get(door.url)), "redirect-refused", /more than 3 times/);
    assert.equal(door.requests.length, 4);
  });

  it("are not followed from https: to http:, nor out of the web", async (t) => {
    let location = "";
    const door = await device(t, (_, response) => response.writeHead(...to(location)).end(), "camera");
    const http = client(t);
    location = door.url.replace("https:", "http:");
    await rejects(http.request(get(door.url, { verifyTls: false })), "redirect-refused", /from https: to http:/);
    location = "file:///etc/passwd";
    await rejects(
      http.request(get(door.url, { verifyTls: false })),
      "redirect-refused",
      /to file:, which is not the web/,
    );
  });

  it("of a POST are left to the caller", async (t) => {
    const door = await device(t, (_, response) => response.writeHead(...to("/done", 303)).end());
    assert.equal((await client(t).request(get(door.url, { method: "POST" }))).status, 303);
  });
});

describe("Connections", () => {
  it("are kept, and a GET survives one that the server closed meanwhile (RFC 9110 §9.2.2)", async (t) => {
    const door = await device(t, fine);
    const http = client(t);
    await http.request(get(door.url));
    door.drop();
    // Not yet noticed here: the request goes out on the closed connection.
    assert.equal((await http.request(get(door.url))).status, 200);
    assert.deepEqual([door.connections, door.requests.length], [2, 2]);
  });

  it("X5 are not shared by a request that must go out once, and it follows no redirect", async (t) => {
    const door = await device(t, (request, response) => {
      if (request.url === "/old") response.writeHead(302, { Location: "/open" }).end();
      else fine(request, response);
    });
    const http = client(t);
    await http.request(get(door.url));
    await http.request(get(door.url, { once: true }));
    assert.equal(door.connections, 2);
    const redirected = await http.request(get(new URL("/old", door.url).href, { once: true }));
    assert.deepEqual([redirected.status, door.requests.length], [302, 3]);
  });

  it("that the server closes each time serve as well", async (t) => {
    const guard = digestGuard(fine);
    const door = await device(t, (request, response) => {
      response.setHeader("Connection", "close");
      guard(request, response);
    });
    const http = client(t);
    for (let i = 0; i < 2; i++) assert.equal((await http.request(get(door.url, login))).status, 200);
    assert.equal(door.connections, 3);
  });

  it("are free again after a chunked answer that was enough", async (t) => {
    const door = await device(t, (_, response) => {
      response.write("first");
      response.end();
    });
    const http = client(t);
    for (let i = 0; i < 2; i++) {
      const { body } = await http.request(get(door.url, { enough: (soFar) => soFar.includes("first") }));
      assert.equal(String(body), "first");
    }
  });
});

describe("What goes wrong is said in a sentence", () => {
  it("a name without an address", async (t) => {
    const http = client(t, {
      lookup: (_name, _options, done) =>
        done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []),
    });
    const request = get("http://frontdoor.invalid/a.jpg", { what: "The camera" });
    await rejects(http.request(request), "unresolved", /the name frontdoor\.invalid has no address/);
  });

  it("a refused connection", async (t) => {
    const error = await rejects(client(t).request(get(await nobody())), "refused", /is its web server on/);
    assert.equal(error.advice, "again");
  });

  it("an answer that is cut short", async (t) => {
    const url = await rawDevice(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    await rejects(client(t).request(get(url)), "cut-short", /before its answer was complete/);
  });

  it("no answer at all", async (t) => {
    await rejects(client(t).request(get(await rawDevice(t, ""))), "cut-short", /closed the connection/);
  });

  it("an answer that is not HTTP", async (t) => {
    const url = await rawDevice(t, "SIP/2.0 200 OK\r\n\r\n");
    await rejects(client(t).request(get(url)), "not-http", /not in correct HTTP/);
  });

  it("a login of another kind", async (t) => {
    const door = await device(t, (_, response) => response.writeHead(401, { "WWW-Authenticate": "Negotiate" }).end());
    await rejects(client(t).request(get(door.url, login)), "auth-unknown", /neither Basic nor Digest/);
  });

  for (const [url, sentence] of [
    [`rtsp://admin:${password}@1.2.3.4/4`, /must begin with http:\/\/ or https:\/\/ \(it begins with rtsp:\)/],
    [`file:///etc/passwd`, /must begin with/],
    [`admin:${password}@1.2.3.4`, /must begin with|is not a URL/],
    [`http://admin:${password}@`, /is not a URL/],
  ] as const) {
    it(`an address that is none: ${url.replace(password, "…")}`, async (t) => {
      await rejects(client(t).request(get(url)), "bad-url", sentence);
    });
  }

  it("a header that cannot be sent", async (t) => {
    const door = await device(t, fine);
    await rejects(client(t).request(get(door.url, { headers: { "X-Code": "1\n2" } })), "bad-request", /line break/);
  });
});
