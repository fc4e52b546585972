// The button "make a certificate": key and certificate become files beside the other secrets of this installation. The
// browser is told where they are, and never sees the key.
import { mkdirSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/certificate.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { putWhole } from "../../src/whole-file.ts";
import { folderOf } from "../passwords.ts";
import type { Red } from "../red.d.ts";
import { entriesIn } from "../fields.ts";

export interface MadeFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly fingerprint: string;
  readonly names: readonly string[];
}

/** What devices may call this machine: its name, its addresses, and what else was entered. */
function namesOfMachine(further: readonly string[]): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const plain = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  const own = /^[a-z0-9.-]+$/i.test(hostname()) ? [hostname()] : [];
  return [...new Set([...further, ...own, "localhost", ...plain])];
}

/** Makes a certificate for the endpoint `id` and puts it into the user folder. Throws a sentence. */
export function makeFiles(userDir: string | undefined, id: string, further: readonly string[], now: number): MadeFiles {
  // The id becomes a folder's name.
  if (!/^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64})?$/.test(id)) throw giveUp("invalid", "that is no node's id");
  const names = namesOfMachine(further);
  const { certificate, key, fingerprint } = makeCertificate(names, now);
  const folder = join(folderOf(userDir), "tls", id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [certificateFile, keyFile] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  putWhole(keyFile, key.reveal());
  putWhole(certificateFile, certificate, { mode: 0o644 });
  return { certificateFile, keyFile, fingerprint, names };
}

/** `POST /portero/endpoint/<id>/certificate?names=a,b` */
export function serveCertificates(RED: Red, now: () => number): void {
  const mayWrite = RED.auth.needsPermission("sip-endpoint.write");
  RED.httpAdmin.post("/portero/endpoint/:id/certificate", mayWrite, (request, response) => {
    const further = entriesIn(request.query["names"]);
    try {
      response.json(makeFiles(RED.settings.userDir, request.params["id"] ?? "", further, now()));
    } catch (error) {
      response.status(400).json({ reason: sentence(error) });
    }
  });
}
