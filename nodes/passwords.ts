// Passwords made by the system (P6): derived from one secret of this installation, so that an imported example works at
// once, an exported flow holds none, and the same device gets the same password after every deploy.
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { giveUp, sentence, tryAgain } from "../src/errors.ts";
import { Secret } from "../src/secret.ts";
import { putWhole } from "../src/whole-file.ts";

/** Where this package keeps its files: `<userDir>/portero`. */
export const folderOf = (userDir: string | undefined): string =>
  join(userDir ?? join(homedir(), ".node-red"), "portero");

/** What an endpoint keeps: where there is any of it, devices have passwords already. */
const traces = ["audit", "registrations"];

/**
 * The installation's secret, made at its first use and readable by its owner only.
 * @throws PorteroError `bad-secret`, `disk`
 */
export function instanceSecret(userDir: string | undefined): Secret {
  const folder = folderOf(userDir);
  const file = join(folder, "secret");
  const isThere = existsSync(file);
  let secret = isThere ? readFileSync(file, "utf8").trim() : "";
  // An empty one is what a disk that was full at the first start has left.
  if (!isThere || (secret === "" && !traces.some((name) => existsSync(join(folder, name))))) {
    secret = randomBytes(32).toString("hex");
    try {
      mkdirSync(folder, { recursive: true });
      putWhole(file, secret, { sync: true });
    } catch (error) {
      throw tryAgain("disk", `${file} cannot be written: ${sentence(error)}`, { cause: error });
    }
  }
  if (!/^[0-9a-f]{64}$/.test(secret)) {
    throw giveUp(
      "bad-secret",
      `${file} is damaged: put it back from a backup, or delete it and give devices new passwords`,
    );
  }
  return new Secret(secret);
}

// Crockford's base 32 in lower case: nothing that is mistaken for something else when typed into a door station.
const letters = "0123456789abcdefghjkmnpqrstvwxyz";

const derived = (secret: Secret, text: string, length: number): Secret => {
  const bytes = createHmac("sha256", secret.reveal()).update(text).digest();
  return new Secret(Array.from(bytes.subarray(0, length), (byte) => letters[byte % 32]).join(""));
};

/** Sixteen letters and digits (80 bits) for `extension` at the node `owner`. */
export const generatedPassword = (secret: Secret, owner: string, extension: string): Secret =>
  derived(secret, `${owner}/${extension}`, 16);

/** 26 letters and digits (130 bits) for the hooks of the node `door`; another `round` gives another one. */
export const hookSecret = (secret: Secret, door: string, round: string): Secret =>
  derived(secret, `hook:${door}:${round}`, 26);

/** The secret of the key `id` of the bridge `owner`: 256 bits in hex, for HMAC. */
export const generatedKey = (secret: Secret, owner: string, id: string): Secret =>
  new Secret(createHmac("sha256", secret.reveal()).update(`mqtt-key/${owner}/${id}`).digest("hex"));

/** What signs the links that open doors of the endpoint `owner`. */
export const linkKey = (secret: Secret, owner: string): Secret =>
  new Secret(createHmac("sha256", secret.reveal()).update(`open-link/${owner}`).digest("hex"));
