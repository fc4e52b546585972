// SOAP 1.2 as ONVIF Core §5 uses it: envelopes with a WS-Security UsernameToken (Username Token Profile 1.1), answers and faults.
import { createHash } from "node:crypto";
import type { Secret } from "../../secret.ts";
import { all, escaped, first, readXml, textAt, type Element } from "./xml.ts";

export interface Login {
  readonly username: string;
  readonly password: Secret;
}

export interface Fault {
  /** Codes and subcodes, without prefixes: `Sender NotAuthorized`; cut, too. */
  readonly codes: string;
  /** What the device says about it, cut and without control characters. */
  readonly reason: string;
}

/** What a device answered: an answer's body or its fault; nothing where it was no SOAP. */
export type Answered = { readonly body: Element } | { readonly fault: Fault } | undefined;

export const envelope = (body: string, header = ""): string =>
  `<?xml version="1.0" encoding="UTF-8"?>` +
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">` +
  (header === "" ? "" : `<s:Header>${header}</s:Header>`) +
  `<s:Body>${body}</s:Body></s:Envelope>`;

const security = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";

/** The password's digest is Base64(SHA-1(nonce + created + password)); `created` is the time on the device's own clock. */
export function usernameToken({ username, password }: Login, nonce: Buffer, created: string): string {
  const digest = createHash("sha1").update(nonce).update(created).update(password.reveal()).digest("base64");
  return (
    `<w:Security xmlns:w="${security}wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><w:UsernameToken>` +
    `<w:Username>${escaped(username)}</w:Username>` +
    `<w:Password Type="${security}username-token-profile-1.0#PasswordDigest">${digest}</w:Password>` +
    `<w:Nonce EncodingType="${security}soap-message-security-1.0#Base64Binary">${nonce.toString("base64")}</w:Nonce>` +
    `<u:Created xmlns:u="${security}wssecurity-utility-1.0.xsd">${created}</u:Created>` +
    `</w:UsernameToken></w:Security>`
  );
}

export function readAnswer(bytes: Buffer): Answered {
  const root = readXml(bytes.toString("utf8"));
  if (root?.name !== "Envelope") return undefined;
  const body = first(root, "Body");
  if (!body) return undefined;
  const fault = first(body, "Fault");
  if (!fault) return { body };
  // Old devices answer in SOAP 1.1.
  const codes = [...all(fault, "Value"), ...all(fault, "faultcode")].map(({ text }) => text.replace(/^.*:/s, ""));
  const reason = textAt(fault, "Reason", "Text") ?? textAt(fault, "faultstring") ?? textAt(fault, "Reason") ?? "";
  return { fault: { codes: plain(codes.join(" ")), reason: plain(reason) } };
}

/** Text of a device, fit for a sentence. */
export const plain = (text: string): string =>
  text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, 120);
