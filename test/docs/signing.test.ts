// What the pages show of signed requests: the request, and programs that sign, in three languages. Each is run.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as crypto from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import { findProgram } from "../../scripts/peers.ts";
import { root } from "../../scripts/repository.ts";
import { readSigned, signatureOf, windowMs, type SignedRequest } from "../../src/mqtt/signed.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { Secret } from "../../src/secret.ts";
import { without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { at, blocks } from "./pages.ts";

const secret = new Secret("0123456789abcdef".repeat(4));
const signing = (language: string) => blocks(language).filter(({ kind }) => kind === "sign");

function isRight(text: string, key: string): SignedRequest {
  const request = readSigned(text);
  assert.equal(request.sig, signatureOf(request, secret));
  assert.ok(Math.abs(request.ts - Date.now()) < windowMs);
  assert.deepEqual([request.door, request.action, request.key], ["frontdoor", "open", key]);
  return request;
}

/** Runs `work` in a folder of its own, with the secret in a file. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portero-docs-"));
  try {
    writeFileSync(join(folder, "portero.key"), `${secret.reveal()}\n`);
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a function node; gives its message and what it complains of. */
function runNode(code: string, variables: Readonly<Record<string, string>>) {
  const errors: string[] = [];
  const context = createContext({
    ...{ crypto, msg: {}, env: { get: (name: string) => variables[name] } },
    node: { error: (text: string) => errors.push(text) },
  });
  const made: unknown = runInContext(`(function () {\n${code}\n})()`, context, { timeout: 1000 });
  return { errors, msg: JSON.parse(JSON.stringify(made)) as { topic: string; payload: object } | null };
}

describe("X6 signing, as the pages show it", () => {
  for (const block of blocks("json").filter(({ kind }) => kind === "signed"))
    it(`${at(block)} is a signed request but for its signature`, () => {
      const sig = "0".repeat(64);
      const request = readSigned(JSON.stringify({ ...(JSON.parse(block.text) as object), sig }));
      assert.ok(new Topics("doorbell").read(`doorbell/${request.door}/door/open`));
    });

  it("has a program in each language", () => {
    assert.deepEqual(
      ["js", "sh", "python"].map((language) => signing(language).length),
      [1, 1, 1],
    );
  });

  for (const block of signing("python"))
    it(`${at(block)} signs what opens`, { skip: without("python3") }, () =>
      inFolder(async (folder) => {
        const program = join(folder, "portero_sign.py");
        writeFileSync(program, block.text);
        const { output } = await run(findProgram("python3") ?? "", [program, "frontdoor", "open"]);
        isRight(output.trim(), "home-assistant");
      }),
    );

  for (const block of signing("sh"))
    it(`${at(block)} signs what opens, and publishes it`, { skip: without("openssl") }, () =>
      inFolder(async (folder) => {
        // In the place of mosquitto's client: says what it is asked, and what it reads.
        writeFileSync(join(folder, "mosquitto_pub"), '#!/bin/sh\necho "$@"\ncat\n', { mode: 0o700 });
        const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, DOOR_KEY_FILE: join(folder, "portero.key") };
        const { output } = await run("sh", ["-c", block.text], { env });
        const [asked = "", ...text] = output.trim().split("\n");
        assert.equal(asked, "-t doorbell/frontdoor/door/open -s");
        isRight(text.join("\n"), "flow");
      }),
    );

  const example = JSON.parse(readFileSync(join(root, "examples/open-by-signed-request.json"), "utf8")) as {
    type: string;
    func?: string;
  }[];
  const functions = example.filter(({ type }) => type === "function").map(({ func = "" }) => func);
  for (const [where, code, base] of [
    ...signing("js").map((block) => [at(block), block.text, "doorbell"] as const),
    ...functions.map((func) => ["the example", func, "signed"] as const),
  ])
    it(`${where} signs in a function node, and says what is missing`, () => {
      const { msg, errors } = runNode(code, { DOOR: "frontdoor", DOOR_KEY: secret.reveal() });
      assert.deepEqual([msg?.topic, errors], [`${base}/frontdoor/door/open`, []]);
      isRight(JSON.stringify(msg?.payload), "flow");
      const without = runNode(code, { DOOR: "frontdoor" });
      assert.equal(without.msg, null);
      assert.match(without.errors.join(), /the key is missing: copy it from mqtt-bridge/);
    });
});
