// SIP.js reads the same valid messages, an oracle of another make. Where the two readings differ, an exception below says by which rule
// ours is right.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Parser } from "sip.js/lib/core/messages/parser.js";
import { Grammar } from "sip.js/lib/grammar/grammar.js";
import { parseNameAddr, parseVia, splitList } from "../../../src/sip/message/headers.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { parseMessage } from "../../../src/sip/message/parse.ts";
import { parseUri, unescaped, unquote, type Params } from "../../../src/sip/message/uri.ts";
import { short, Writer } from "./odd.ts";

/** What a message says, field by field: `contact 1 host` → `example.com`. Hosts have no brackets and no capital letters. */
type Fields = Map<string, string>;

// Whether an escape is undone is no difference, only who does it: we keep what was written (RFC 3261 §19.1.2 speaks of comparing).
const host = (text: string) => text.toLowerCase().replace(/^\[(.*)\]$/, "$1");

function oursOf(text: string): Fields {
  const { message, fault } = parseMessage(Buffer.from(text));
  assert.ok(message instanceof SipRequest && fault === undefined, `${fault}\n${text}`);
  const fields: Fields = new Map();
  const params = (where: string, all: Params) => {
    for (const [name, value] of all) fields.set(`${where} ;${name}`, value);
  };
  const uri = (where: string, written: string) => {
    const read = parseUri(written);
    assert.ok(read, `${written} is a valid address`);
    fields.set(`${where} scheme`, read.scheme);
    fields.set(`${where} user`, unescaped(read.user));
    fields.set(`${where} host`, host(read.host));
    fields.set(`${where} port`, String(read.port ?? ""));
    params(`${where} uri`, read.params);
  };
  const address = (where: string, written: string) => {
    const read = parseNameAddr(written);
    assert.ok(read, `${written} is a valid header`);
    fields.set(`${where} name`, read.name);
    uri(where, read.uri);
    params(where, read.params);
  };
  uri("request", message.uri);
  address("from", message.get("from") ?? "");
  address("to", message.get("to") ?? "");
  for (const key of ["contact", "route", "record-route"])
    message.all(key).forEach((header, h) => {
      splitList(header).forEach((value, n) => address(`${key} ${h}.${n}`, value));
    });
  message.all("via").forEach((header, n) => {
    const value = splitList(header)[0] ?? "";
    const read = parseVia(value);
    assert.ok(read, `${value} is a valid Via`);
    fields.set(`via ${n} transport`, read.transport);
    fields.set(`via ${n} host`, host(read.host));
    fields.set(`via ${n} port`, String(read.port ?? ""));
    params(`via ${n}`, read.params);
  });
  fields.set("cseq", `${message.cseq?.number} ${message.cseq?.method}`);
  fields.set("call-id", message.callId);
  return fields;
}

interface Theirs {
  readonly scheme: string;
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
  readonly parameters: object;
}
interface TheirAddress {
  readonly displayName?: string;
  readonly uri: Theirs;
  readonly parameters: object;
}
interface TheirVia {
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly branch: string;
  readonly params?: object;
}

/** A header's value as SIP.js cuts it out of a message. */
function headersOf(text: string): [key: string, value: string][] {
  const headers: [string, string][] = [];
  for (let start = text.indexOf("\r\n") + 2; ;) {
    const end = Parser.getHeader(text, start);
    if (end < 0) return headers;
    const line = text.slice(start, end);
    const name = line.slice(0, line.indexOf(":")).trim().toLowerCase();
    const long = Object.entries(short)
      .find(([, letter]) => letter === name)?.[0]
      .toLowerCase();
    headers.push([long ?? name, line.slice(line.indexOf(":") + 1).trim()]);
    start = end + 2;
  }
}

/** What SIP.js' grammar reads; what it cannot read is left out. */
function theirsOf(text: string): Fields {
  const fields: Fields = new Map();
  const params = (where: string, all: object = {}) => {
    for (const [name, value] of Object.entries(all) as [string, unknown][])
      fields.set(
        `${where} ;${name.toLowerCase()}`,
        typeof value === "string" || typeof value === "number" ? String(value) : "",
      );
  };
  const uri = (where: string, read: Theirs | undefined) => {
    if (!read?.host) return;
    fields.set(`${where} scheme`, read.scheme);
    fields.set(`${where} user`, read.user ?? "");
    fields.set(`${where} host`, host(read.host));
    fields.set(`${where} port`, String(read.port ?? ""));
    params(`${where} uri`, read.parameters);
  };
  const read = (value: string, rule: string): unknown => {
    const found: unknown = Grammar.parse(value, rule);
    return found === -1 ? undefined : found;
  };
  const count = new Map<string, number>();
  const address = (where: string, found: TheirAddress | undefined) => {
    if (!found) return;
    fields.set(`${where} name`, found.displayName ?? "");
    uri(where, found.uri);
    params(where, found.parameters);
  };
  const next = (key: string) => {
    const n = count.get(key) ?? 0;
    count.set(key, n + 1);
    return `${key} ${n}`;
  };
  const line = text.slice(0, text.indexOf("\r\n"));
  const first = read(line, "Request_Response") as { uri?: Theirs } | undefined;
  if (!first?.uri) fields.set("request unread", line);
  uri("request", first?.uri);
  for (const [key, value] of headersOf(text)) {
    if (key === "from" || key === "to") {
      const found = read(value, key === "from" ? "From" : "To") as TheirAddress | undefined;
      if (!found) fields.set(`${key} unread`, value);
      address(key, found);
    } else if (key === "contact" || key === "route" || key === "record-route") {
      // It has no rule for Route, which is written as Record-Route is.
      const found = read(value, key === "contact" ? "Contact" : "Record_Route") as
        { parsed: TheirAddress }[] | undefined;
      const where = next(key);
      if (!found) fields.set(`${where} unread`, value);
      found?.forEach(({ parsed }, n) => {
        address(`${where}.${n}`, parsed);
      });
    } else if (key === "via") {
      const via = read(value, "Via") as TheirVia | undefined;
      const where = next(key);
      if (!via) {
        fields.set(`${where} unread`, value);
        continue;
      }
      const {
        transport,
        branch,
        params: more,
        received,
        ttl,
        maddr,
        rport,
      } = via as TheirVia & Record<string, unknown>;
      fields.set(`${where} transport`, transport);
      fields.set(`${where} host`, host(via.host));
      fields.set(`${where} port`, String(via.port ?? ""));
      const known = Object.entries({ branch, received, ttl, maddr, rport }).filter(([, given]) => given !== undefined);
      params(where, { ...more, ...Object.fromEntries(known) });
    } else if (key === "cseq") {
      const cseq = read(value, "CSeq") as { value: number; method: string } | undefined;
      if (cseq) fields.set("cseq", `${cseq.value} ${cseq.method}`);
    } else if (key === "call-id") fields.set(key, (read(value, "Call_ID") as string | undefined) ?? "");
  }
  return fields;
}

/** The header that a field such as `contact 1.0 user` was read from: the second Contact. */
function headerOf(text: string, field: string): string {
  const [, key, n] = /^(\S+) (\d+)/.exec(field) ?? [];
  return headersOf(text).filter(([name]) => name === key)[Number(n)]?.[1] ?? "";
}

interface Exception {
  /** What differs, and the rule by which ours is right. */
  readonly why: string;
  excuses(field: string, ours: string | undefined, theirs: string | undefined, text: string): boolean;
}

const exceptions: readonly Exception[] = [
  {
    why: "a quoted value keeps its quotes there: they are how it is written, not what it says (RFC 3261 §25.1, quoted-string)",
    excuses: (_field, ours, theirs) => theirs?.startsWith('"') === true && unquote(theirs) === ours,
  },
  {
    why: "the escapes of a display name stay there: a backslash only marks what follows (§25.1, quoted-pair)",
    excuses: (field, ours, theirs) =>
      field.endsWith(" name") && theirs !== undefined && unquote(`"${theirs}"`) === ours,
  },
  {
    why: "a password is part of the user there: it is a field of its own (§19.1.1)",
    excuses: (field, ours, theirs) => field.endsWith(" user") && theirs === `${ours}:secret`,
  },
  {
    why: "the host of maddr takes the place of the address's or the Via's own there: it is a parameter (§19.1.1, §20.42)",
    excuses: (field, _ours, theirs, text) => field.endsWith(" host") && text.includes(`maddr=${theirs}`),
  },
  {
    why: "ttl of an address is the header's there: inside of the angle brackets it belongs to the address (§20.10)",
    excuses: (field, ours, theirs, text) =>
      field.endsWith(";ttl") &&
      [ours, theirs].includes(undefined) &&
      [ours, theirs].includes("15") &&
      text.includes(";ttl=15"),
  },
  {
    why: "the last of several Vias in one header is read there: the first is the topmost (§7.3.1, §18.1.2)",
    excuses: (field, _ours, _theirs, text) => field.startsWith("via") && splitList(headerOf(text, field)).length > 1,
  },
  {
    why: "tel: is no address there: it is an absolute URI, which may stand wherever a SIP URI may (§25.1 addr-spec, RFC 3966)",
    excuses: (field, _ours, theirs) => field.endsWith(" unread") && /\btel:/.test(theirs ?? ""),
  },
  {
    why: "commas and semicolons of bare addresses are part of a user there: such an address ends before them (§20, §20.10)",
    excuses: (field, _ours, _theirs, text) =>
      field.startsWith("contact") && splitList(headerOf(text, field)).some((value) => /^sip:[^@<>]*$/.test(value)),
  },
  {
    why: "a dot at the end of a host's name is not read there (§25.1, hostname)",
    excuses: (field, _ours, theirs) => field.endsWith(" unread") && (theirs ?? "").includes("a-b.example."),
  },
];

describe("400 valid messages", () => {
  const used = new Set<Exception>();

  it("are read as SIP.js reads them, but for what the exceptions explain", () => {
    const writer = new Writer(3261);
    const unexplained = new Map<string, string>();
    for (let n = 0; n < 400; n++) {
      const text = writer.invite();
      const [ours, theirs] = [oursOf(text), theirsOf(text)];
      for (const field of new Set([...ours.keys(), ...theirs.keys()])) {
        const [a, b] = [ours.get(field), theirs.get(field)];
        const whole = /^[a-z-]+( \d+)?/.exec(field)?.[0] ?? "";
        if (a === b || (theirs.has(`${whole} unread`) && !field.endsWith("unread"))) continue;
        const excuse = exceptions.find((exception) => exception.excuses(field, a, b, text));
        if (excuse) used.add(excuse);
        else
          unexplained.set(
            field.replace(/[\d.]+/, "n") + ` ${a} ${b}`,
            `${field}: ours ${String(a)}, SIP.js ${String(b)}\n${text}`,
          );
      }
    }
    assert.deepEqual([...unexplained.values()].slice(0, 40), []);
  });

  for (const exception of exceptions)
    it(`differ where ${exception.why}`, () => {
      assert.ok(used.has(exception), "no message shows that any more: take the exception away");
    });
});
