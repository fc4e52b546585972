import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { instanceSecret } from "../../nodes/passwords.ts";

describe("the secret of an installation (P6)", () => {
  let userDir: string;
  let folder: string;
  let file: string;
  beforeEach(() => {
    userDir = mkdtempSync(join(tmpdir(), "portero-secret-"));
    folder = join(userDir, "portero");
    file = join(folder, "secret");
  });
  afterEach(() => rmSync(userDir, { recursive: true }));

  const secretNow = () => instanceSecret(userDir).reveal();

  it("is made once, for its owner alone, and leaves nothing beside it", () => {
    const secret = secretNow();
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal(secretNow(), secret);
    assert.deepEqual(readdirSync(folder), ["secret"]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  const noSuchDisk = process.platform === "linux" ? false : "no /dev/full";
  it("is not half there after a disk that was full, and made when there is room", { skip: noSuchDisk }, () => {
    mkdirSync(folder);
    symlinkSync("/dev/full", `${file}.new`);
    assert.throws(secretNow, /secret cannot be written: ENOSPC/);
    assert.deepEqual(readdirSync(folder), []);
    assert.match(secretNow(), /^[0-9a-f]{64}$/);
  });

  it("takes the place of an empty one that nothing was made with yet", () => {
    mkdirSync(join(folder, "presets"), { recursive: true });
    writeFileSync(file, "");
    const secret = secretNow();
    assert.equal(readFileSync(file, "utf8"), secret);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is refused with a sentence where it is empty and devices have passwords that were made with it, or damaged", () => {
    mkdirSync(folder);
    writeFileSync(file, "12");
    assert.throws(secretNow, /secret is damaged: put it back from a backup, or delete it/);
    writeFileSync(file, "");
    mkdirSync(join(folder, "audit"));
    assert.throws(secretNow, /secret is damaged: put it back from a backup, or delete it/);
    rmSync(file);
    assert.match(secretNow(), /^[0-9a-f]{64}$/);
  });
});
