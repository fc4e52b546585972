// P12: TLS to doorbells. The certificates are those of test/fixtures/tls.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { client, certificate, device, fingerprint, get, login, rejects } from "./device.ts";

const fine = (_: unknown, response: { end: (text: string) => void }) => response.end("fine");

describe("P12 a pinned certificate", () => {
  it("is accepted although self-signed, in any writing of its fingerprint", async (t) => {
    const door = await device(t, fine, "camera");
    const pin = fingerprint("camera");
    for (const written of [pin, pin.toLowerCase(), pin.replaceAll(":", ""), ` ${pin.replaceAll(":", " ")} `]) {
      assert.equal((await client(t).request(get(door.url, { pin: written }))).status, 200);
    }
  });

  it("keeps the request from anybody else: not a byte of it is sent", async (t) => {
    const impostor = await device(t, fine, "impostor");
    const request = get(`${impostor.url}/secret.jpg`, { ...login, pin: fingerprint("camera") });
    const error = await rejects(client(t).request(request), "pin-mismatch", /another certificate than the pinned one/);
    assert.equal(error.data["fingerprint"], fingerprint("impostor"));
    assert.deepEqual([impostor.connections, impostor.requests.length], [1, 0]);
  });

  it("is checked for a kept connection too: one pin's connection does not serve another pin", async (t) => {
    const door = await device(t, fine, "camera");
    const http = client(t);
    await http.request(get(door.url, { pin: fingerprint("camera") }));
    await http.request(get(door.url, { verifyTls: false }));
    assert.deepEqual([door.connections, door.requests.length], [2, 2]);
    await rejects(http.request(get(door.url, { pin: fingerprint("impostor") })), "pin-mismatch", /another certificate/);
    await rejects(http.request(get(door.url)), "tls-untrusted", /self-signed/);
    await http.request(get(door.url, { pin: fingerprint("camera") }));
    assert.deepEqual([door.connections, door.requests.length], [4, 3], "and its own is kept");
  });

  it("is checked on every new connection, also where TLS could resume a session", async (t) => {
    const door = await device(t, fine, "camera");
    const http = client(t);
    const request = get(door.url, { pin: fingerprint("camera") });
    await http.request(request);
    // The tickets of the camera's sessions stay good: a resumed session would show no certificate at all.
    door.become("impostor");
    door.drop();
    await rejects(http.request(request), "pin-mismatch", /another certificate/);
    assert.deepEqual([door.connections, door.requests.length], [2, 1]);
  });

  it("that is no fingerprint is refused", async (t) => {
    const request = get("https://127.0.0.1/", { pin: "12:34" });
    await rejects(client(t).request(request), "bad-pin", /64 hexadecimal digits/);
  });
});

describe("P12 without a pin", () => {
  // Trust in our test authority, for this process and only here.
  const usual = tls.getCACertificates("default");
  before(() => tls.setDefaultCACertificates([...usual, certificate("ca")]));
  after(() => tls.setDefaultCACertificates(usual));

  it("a certificate with chain and name in order is accepted", async (t) => {
    const door = await device(t, fine, "trusted");
    assert.equal((await client(t).request(get(door.url))).status, 200);
  });

  for (const [name, code, sentence] of [
    ["camera", "tls-untrusted", /shows a self-signed certificate\. .*enter its fingerprint as pin: [0-9A-F:]{95}$/],
    ["elsewhere", "tls-name", /made for another name/],
    ["expired", "tls-expired", /has expired/],
  ] as const) {
    it(`the certificate "${name}" is refused before anything is sent, with its fingerprint`, async (t) => {
      const door = await device(t, fine, name);
      const error = await rejects(client(t).request(get(door.url, login)), code, sentence);
      assert.equal(error.data["fingerprint"], fingerprint(name));
      assert.equal(door.requests.length, 0);
    });

    it(`the certificate "${name}" is accepted where verification is off for this device`, async (t) => {
      const door = await device(t, fine, name);
      assert.equal((await client(t).request(get(door.url, { verifyTls: false }))).status, 200);
    });
  }

  it("a server without TLS is named as such", async (t) => {
    const door = await device(t, fine);
    const url = door.url.replace("http:", "https:");
    await rejects(client(t).request(get(url)), "tls-failed", /does it want http:\/\/ instead\?/);
  });
});
