// The address list of the house (N4), as programs and phones read it: CSV (RFC 4180), vCard 3.0 (RFC 2426), and the XML
// phonebooks that two makers of phones document. Holds no passwords.
import { giveUp } from "../../errors.ts";
import { xmlText } from "../../xml-text.ts";

/** One number of the house. */
export interface AddressEntry {
  readonly number: string;
  readonly name: string;
  readonly kind: "extension" | "door" | "group";
  readonly registered: boolean;
  /** Devices that are registered for it. */
  readonly contacts: number;
}

export interface AddressList {
  readonly contentType: string;
  /** The entries themselves for `json`, a text for all others. */
  readonly payload: string | readonly AddressEntry[];
}

const writers = {
  json: (entries) => ({ contentType: "application/json", payload: entries }),
  csv: (entries) => ({ contentType: "text/csv; charset=utf-8", payload: lines(entries.map(csvRow), csvHead) }),
  vcard: (entries) => ({ contentType: "text/vcard; charset=utf-8", payload: lines(entries.flatMap(card)) }),
  grandstream: (entries) => xml("AddressBook", entries.flatMap(grandstream)),
  yealink: (entries) => xml("YealinkIPPhoneDirectory", entries.flatMap(yealink)),
} satisfies Record<string, (entries: readonly AddressEntry[]) => AddressList>;

export type AddressFormat = keyof typeof writers;
export const addressFormats = Object.keys(writers) as AddressFormat[];

/** @throws PorteroError `invalid` for a format that is not known */
export function addressList(entries: readonly AddressEntry[], format: string): AddressList {
  const writer = Object.hasOwn(writers, format) ? writers[format as AddressFormat] : undefined;
  if (!writer)
    throw giveUp("invalid", `list: format is one of ${addressFormats.join(", ")}, not "${format.slice(0, 40)}"`);
  return writer(entries);
}

const lines = (rows: readonly string[], ...head: string[]): string =>
  [...head, ...rows].map((row) => `${row}\r\n`).join("");

const csvHead = "number,name,kind,registered,contacts";
const csvField = (value: unknown): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csvRow = ({ number, name, kind, registered, contacts }: AddressEntry): string =>
  [number, name, kind, registered, contacts].map(csvField).join(",");

const cardText = (text: string): string => text.replace(/[\\;,]/g, "\\$&").replace(/[\r\n]+/g, "\\n");
const card = ({ number, name }: AddressEntry): string[] => [
  ...["BEGIN:VCARD", "VERSION:3.0", `N:${cardText(name)};;;;`, `FN:${cardText(name)}`],
  ...[`TEL;TYPE=WORK,VOICE:${cardText(number)}`, "END:VCARD"],
];

const xml = (root: string, rows: readonly string[]): AddressList => ({
  contentType: "text/xml; charset=utf-8",
  payload: ['<?xml version="1.0" encoding="UTF-8"?>', `<${root}>`, ...rows, `</${root}>`, ""].join("\n"),
});

// Grandstream, "XML based downloadable phonebook guide": account 0 is the phone's first.
const grandstream = ({ number, name }: AddressEntry): string[] => [
  "  <Contact>",
  `    <LastName>${xmlText(name)}</LastName>`,
  `    <Phone type="Work"><phonenumber>${xmlText(number)}</phonenumber><accountindex>0</accountindex></Phone>`,
  "  </Contact>",
];

// Yealink, remote phone book; Fanvil and others read it too.
const yealink = ({ number, name }: AddressEntry): string[] => [
  "  <DirectoryEntry>",
  `    <Name>${xmlText(name)}</Name>`,
  `    <Telephone>${xmlText(number)}</Telephone>`,
  "  </DirectoryEntry>",
];
