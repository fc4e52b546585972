// The button that makes a certificate for an endpoint: files that the endpoint can use, and no key in the answer.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { makeFiles } from "../../nodes/sip-endpoint/certificate.ts";

const userDir = async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), "portero-user-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
};

describe("sip-endpoint: a certificate made for trying", () => {
  it("is for this machine and what else was entered, and lies where its owner alone can read the key", async (t) => {
    const made = makeFiles(await userDir(t), "1a2b.3c", ["door.example", "203.0.113.5"], Date.now());
    const certificate = new X509Certificate(await readFile(made.certificateFile));
    assert.equal(certificate.fingerprint256, made.fingerprint);
    for (const name of ["DNS:door.example", "IP Address:203.0.113.5", "DNS:localhost", "IP Address:127.0.0.1"])
      assert.ok(certificate.subjectAltName?.split(", ").includes(name), name);
    assert.equal((await stat(made.keyFile)).mode & 0o777, 0o600);
    assert.match(await readFile(made.keyFile, "utf8"), /PRIVATE KEY/);
    assert.doesNotMatch(JSON.stringify(made), /PRIVATE/);
  });

  it("takes the place of the one before", async (t) => {
    const folder = await userDir(t);
    const [one, two] = [makeFiles(folder, "a", [], Date.now()), makeFiles(folder, "a", [], Date.now())];
    assert.equal(one.certificateFile, two.certificateFile);
    assert.equal(new X509Certificate(await readFile(two.certificateFile)).fingerprint256, two.fingerprint);
  });

  for (const id of ["../../etc", "a/b", "", ".", "a..b"])
    it(`is not made for the id "${id}", which would be a folder elsewhere`, async (t) => {
      const folder = await userDir(t);
      assert.throws(() => makeFiles(folder, id, [], Date.now()), { code: "invalid" });
    });

  it("says which name cannot be in a certificate", async (t) => {
    const folder = await userDir(t);
    const wish = () => makeFiles(folder, "a", ["my house"], Date.now());
    assert.throws(wish, /"my house" is neither a host name nor an IP address/);
  });
});
