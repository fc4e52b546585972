import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  authorize,
  digestResponse,
  parseChallenges,
  parseCredentials,
  strongest,
  verifyDigest,
} from "../src/digest.ts";

const example = {
  username: "Mufasa",
  realm: "http-auth@example.org",
  password: "Circle of Life",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  method: "GET",
  uri: "/dir/index.html",
  qop: "auth",
  nc: "00000001",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};

describe("Digest, RFC 7616 §3.9.1", () => {
  it("gives the response of the RFC's example with SHA-256", () => {
    assert.equal(
      digestResponse({ algorithm: "SHA-256", ...example }),
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    );
  });

  it("gives the response of the RFC's example with MD5", () => {
    assert.equal(digestResponse({ algorithm: "MD5", ...example }), "8ca523f5e9506fed4657c9700eebdbec");
  });
});

describe("Digest headers", () => {
  it("reads several challenges in one header and prefers SHA-256 (RFC 8760 §2.4)", () => {
    const found = parseChallenges([
      'Basic realm="a, b", Digest realm="r", nonce="n\\"1", qop="auth,auth-int", Digest realm="r", nonce="n2", algorithm=SHA-256, stale=TRUE',
    ]);
    assert.equal(found.length, 3);
    assert.deepEqual(strongest(found), {
      scheme: "digest",
      realm: "r",
      nonce: "n2",
      algorithm: "SHA-256",
      qop: [],
      stale: true,
    });
  });

  it("does not fall back to Basic where Digest was offered", () => {
    assert.equal(strongest(parseChallenges(['Basic realm="x"', 'Digest realm="x", nonce="1"']))?.scheme, "digest");
  });

  it("proves the password both ways, quotes and colons in it included", () => {
    const [challenge] = parseChallenges(['Digest realm="door", nonce="abc", qop="auth", opaque="o"']);
    assert.ok(challenge);
    const header = authorize(challenge, {
      username: 'a"b',
      password: "p@ss:w/rd",
      method: "REGISTER",
      uri: "sip:x",
      count: 10,
      cnonce: "c",
    });
    const credentials = parseCredentials(header);
    assert.ok(credentials);
    assert.equal(credentials.nc, "0000000a");
    assert.equal(credentials.username, 'a"b');
    assert.equal(verifyDigest(credentials, "p@ss:w/rd", "REGISTER"), true);
    assert.equal(verifyDigest(credentials, "p@ss:w/rD", "REGISTER"), false);
    assert.equal(verifyDigest(credentials, "p@ss:w/rd", "INVITE"), false);
  });

  it("gives undefined for headers that are no complete Digest", () => {
    for (const text of ["", "Basic abc", 'Digest username="a"', "Digest ,,,==", 'Digest constructor="x"'])
      assert.equal(parseCredentials(text), undefined);
  });
});
