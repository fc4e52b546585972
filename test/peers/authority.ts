// An authority of one test, made by OpenSSL, and the certificates that it signs.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { run } from "../support/processes.ts";

export interface Authority {
  /** The file of its certificate. */
  readonly ca: string;
  /** Signs a certificate for names such as `DNS:localhost` and gives the files; `both` is one with the key in it too. */
  readonly sign: (names: string) => Promise<{ certificate: string; key: string; both: string }>;
}

export async function authority(t: TestContext): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), "portero-authority-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = (name: string) => join(folder, name);
  const openssl = async (...args: string[]) => {
    const { code, output } = await run("openssl", args);
    assert.equal(code, 0, output);
  };
  const pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const [ca, caKey] = [file("ca.pem"), file("ca.key")];
  const isAuthority = [
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-subj",
    "/CN=Authority of a test",
    "-days",
    "2",
  ];
  await openssl("req", "-x509", ...pair, ...isAuthority, "-keyout", caKey, "-out", ca);
  let made = 0;
  return {
    ca,
    async sign(names) {
      const name = `${++made}`;
      const [certificate, key, request] = [file(`${name}.pem`), file(`${name}.key`), file(`${name}.csr`)];
      await writeFile(file(`${name}.ext`), `subjectAltName=${names}\n`);
      await openssl("req", "-new", ...pair, "-subj", "/CN=endpoint", "-keyout", key, "-out", request);
      const by = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "60", "-extfile", file(`${name}.ext`)];
      await openssl("x509", "-req", "-in", request, ...by, "-out", certificate);
      const both = file(`${name}.both`);
      await writeFile(both, (await readFile(certificate, "utf8")) + (await readFile(key, "utf8")));
      return { certificate, key, both };
    },
  };
}
