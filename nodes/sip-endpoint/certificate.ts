// The button "make a certificate": key and certificate become files beside the other secrets of this installation. The
// browser is told where they are, and never sees the key.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/certificate.ts";
import { giveUp, sentence } from "../../src/errors.ts";
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

/** Makes a certificate for the endpoint `id` and puts it into the user folder. Rejects with a sentence. */
export async function makeFiles(
  userDir: string | undefined,
  id: string,
  further: readonly string[],
  now: number,
): Promise<MadeFiles> {
  // The id becomes a folder's name.
  if (!/^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64})?$/.test(id)) throw giveUp("invalid", "that is no node's id");
  const names = namesOfMachine(further);
  const { certificate, key, fingerprint } = makeCertificate(names, now);
  const folder = join(folderOf(userDir), "tls", id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const put = async (name: string, text: string, mode: number) => {
    const file = join(folder, name);
    await writeFile(`${file}.new`, text, { mode });
    await rename(`${file}.new`, file);
    return file;
  };
  const keyFile = await put("key.pem", key.reveal(), 0o600);
  return { certificateFile: await put("certificate.pem", certificate, 0o644), keyFile, fingerprint, names };
}

/** `POST /portero/endpoint/<id>/certificate?names=a,b` */
export function serveCertificates(RED: Red, now: () => number): void {
  const mayWrite = RED.auth.needsPermission("sip-endpoint.write");
  RED.httpAdmin.post("/portero/endpoint/:id/certificate", mayWrite, (request, response) => {
    const further = entriesIn(request.query["names"]);
    makeFiles(RED.settings.userDir, request.params["id"] ?? "", further, now()).then(
      (made) => response.json(made),
      (error: unknown) => response.status(400).json({ reason: sentence(error) }),
    );
  });
}
