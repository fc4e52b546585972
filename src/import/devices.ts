// Who registers: endpoints of pjsip.conf with their auths and aors, and peers of sip.conf; where it listens; accounts.
import { isNumber } from "../number.ts";
import { slugOf } from "../slug.ts";
import { isYes, valueOf, type Entry, type Section } from "./conf.ts";
import type { Report } from "./report.ts";

export interface Device {
  readonly number: string;
  readonly name: string;
  readonly login: string;
  readonly password: string | undefined;
  readonly context: string | undefined;
  readonly line: number;
  readonly isDoor: boolean;
  /** As fields of a row of sip-registrar, and of a door. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Account {
  /** The endpoint that goes out by it: what stands behind the @ of a Dial. */
  readonly trunk: string;
  /** Its own: small letters, digits and hyphens. */
  readonly name: string;
  readonly server: string;
  readonly port: string;
  readonly user: string;
  readonly login: string;
  readonly password: string | undefined;
  readonly expires: string;
}

export interface Network {
  readonly fields: Readonly<Record<string, string | boolean>>;
}

const codecs: Readonly<Record<string, string>> = {
  alaw: "PCMA",
  ulaw: "PCMU",
  g722: "G722",
  opus: "opus",
  h264: "H264",
};
const methods: Readonly<Record<string, string>> = {
  rfc4733: "rfc4733",
  rfc2833: "rfc4733",
  info: "info",
  shortinfo: "info-dtmf",
  inband: "inband",
  auto: "",
  auto_info: "",
};
const doorWords =
  /\b(?:front|back|garden)?[ _-]?(?:door|gate|bell)|doorbell|door ?(?:station|phone)|intercom|entr(?:y|ance)|klingel|t(?:ü|ue?)r|tor\b|portier|sonnette|villa|vto|2n\b|akuvox/i;

/** Settings that need nothing here: it is so anyway, or only Asterisk has what they set. */
const needless =
  /^(type|transport|aors|auth|outbound_auth|context|disallow|auth_type|username|realm|rewrite_contact|rtp_symmetric|remove_existing|remove_unavailable|direct_media_method|host|nat|canreinvite|directmedia|defaultuser|insecure|callcounter|udpbindaddr|tcpenable|allowguest|alwaysauthreject|srvlookup|minimum_expiration|default_expiration|maximum_expiration|user_agent|language|device_state_busy_at|support_path|trust_id_inbound|send_rpid|send_pai|ice_support|tos_.*|cos_.*|rtp_timeout|timers|retry_interval|max_retries|forbidden_retry_interval|contact_user|client_uri|server_uri|expiration|line|endpoint|from_domain|from_user|allow_reload|local_net|mailboxes|mailbox|busylevel|call-limit|allowoverlap|moh_suggest|mohsuggest|qualify_timeout|authenticate_qualify)$/;

const typeOf = (section: Section): string => valueOf(section, "type")?.toLowerCase() ?? "";
const list = (value: string | undefined): string[] => (value ?? "").split(/[,&\s]+/).filter(Boolean);

/** Which codecs a device may use, in its order; empty where it is the usual ones. */
function codecsOf(section: Section, report: Report): string {
  const names = new Set<string>();
  for (const entry of section.all().filter(({ key }) => key === "allow")) {
    for (const name of list(entry.value.toLowerCase())) {
      if (name === "all" || name === "!all") continue;
      const known = codecs[name];
      if (known === undefined)
        report.note(`Line ${entry.number}: the codec ${name} is not known here and is left out.`);
      else names.add(known);
    }
    report.take(entry);
  }
  return [...names].every((name) => name === "H264") ? "" : [...names].join(", ");
}

const yesNo = (value: string | undefined): string => (value === undefined ? "" : isYes(value) ? "on" : "off");

/** Takes every line of a section that means something, and names the others. */
function takeLines(section: Section, known: RegExp, report: Report): void {
  for (const entry of section.entries)
    if (known.test(entry.key) || needless.test(entry.key)) report.take(entry);
    else report.leave(entry, `${entry.key} has no counterpart here`);
}

const callerOf = (value = ""): { name: string; number: string } => {
  const [, name = "", number = ""]: (string | undefined)[] = /^\s*"?([^"<]*?)"?\s*(?:<([^>]*)>)?\s*$/.exec(value) ?? [];
  return { name: name.trim(), number: number.trim() };
};

function deviceFields(section: Section, aor: Section | undefined, report: Report): Record<string, string> {
  const value = (key: string, from = section) => valueOf(from, key);
  const method = value("dtmf_mode") ?? value("dtmfmode");
  const encryption = value("media_encryption")?.toLowerCase();
  const isOptional = isYes(value("media_encryption_optimistic"));
  const qualify = value("qualify_frequency", aor) ?? (/^(yes|\d+)$/i.test(value("qualify") ?? "") ? "60" : "");
  if (isYes(value("webrtc")) || encryption === "dtls")
    report.note(
      `Line ${section.number}: ${section.name} is a browser's phone (WebRTC): it is rung as one when it has registered by a WebSocket; any page can answer as well, see "Answering from a browser" in the documentation.`,
    );
  const fields = {
    maxContacts: /^\d+$/.test(value("max_contacts", aor) ?? "") ? (value("max_contacts", aor) ?? "") : "",
    codecs: codecsOf(section, report),
    dtmf: methods[method?.toLowerCase() ?? ""] ?? "",
    directMedia: isYes(value("direct_media")) || isYes(value("directmedia")) ? "on" : "",
    rport: yesNo(value("force_rport")),
    qualify: qualify === "0" ? "" : qualify,
    encryption: encryption === "sdes" || isYes(value("encryption")) ? (isOptional ? "optional" : "required") : "",
  };
  if (fields.maxContacts === "1")
    report.note(
      `${section.name} may have one device (line ${section.number}): a new registration replaces the old one, so a bell that was switched off and on is not locked out.`,
    );
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ""));
}

const fieldKeys =
  /^(allow|callerid|dtmf_?mode|direct_?media|force_rport|media_encryption(_optimistic)?|encryption|webrtc|max_contacts|qualify(_frequency)?|password|secret|identify_by)$/;

/** Endpoints of pjsip.conf and peers of sip.conf, without those that are trunks. */
export function readDevices(sections: readonly Section[], accounts: readonly Account[], report: Report): Device[] {
  const trunks = new Set(accounts.map(({ trunk }) => trunk));
  const named = (name: string | undefined, type: string) =>
    sections.find((section) => section.name === name && typeOf(section) === type && !section.isTemplate);
  const devices: Device[] = [];
  for (const section of sections) {
    const type = typeOf(section);
    if (section.isTemplate || !["endpoint", "friend", "peer", "user"].includes(type)) continue;
    takeLines(section, fieldKeys, report);
    if (trunks.has(section.name)) continue;
    const isPeer = type !== "endpoint";
    const aorName = list(valueOf(section, "aors"))[0] ?? section.name;
    const [aor, auth] = [named(aorName, "aor"), named(valueOf(section, "auth"), "auth")];
    if (isPeer && valueOf(section, "host") !== undefined && !/^dynamic$/i.test(valueOf(section, "host") ?? "")) {
      report.leave(
        section,
        "it does not register: a server is a sip-account, a door without registration gets its address in the dialog",
      );
      continue;
    }
    if (
      !isPeer &&
      (valueOf(section, "outbound_auth") !== undefined ||
        (!auth && aor !== undefined && valueOf(aor, "contact") !== undefined))
    ) {
      report.leave(
        section,
        "it does not register here: a server is a sip-account, a door without registration gets its address in the dialog",
      );
      continue;
    }
    const number = isPeer ? section.name : aorName;
    if (!isNumber(number)) {
      report.leave(section, `"${number}" cannot be an extension`);
      continue;
    }
    const caller = callerOf(valueOf(section, "callerid"));
    const user = auth ? valueOf(auth, "username") : valueOf(section, "defaultuser");
    const password = auth ? valueOf(auth, "password") : valueOf(section, "secret");
    if (password === undefined)
      report.note(
        `${number} has no password among what was pasted (line ${section.number}): it gets a generated one, to be copied from the dialog.`,
      );
    devices.push({
      ...{ number, password, context: valueOf(section, "context"), line: section.number },
      name: caller.name || number,
      login: user !== undefined && user !== number && user !== "" ? user : "",
      isDoor: doorWords.test(`${caller.name} ${section.name}`),
      fields: deviceFields(section, aor, report),
    });
  }
  const ofTrunks = new Set(
    sections.filter(({ name }) => trunks.has(name)).flatMap((trunk) => list(valueOf(trunk, "aors"))),
  );
  for (const section of sections)
    if (["aor", "auth"].includes(typeOf(section)) || section.isTemplate)
      for (const entry of section.entries)
        if (entry.key === "contact" && ofTrunks.has(section.name)) report.take(entry);
        else if (fieldKeys.test(entry.key) || needless.test(entry.key)) report.take(entry);
        else if (/^(contact|md5_cred|mailboxes|outbound_proxy)$/.test(entry.key)) report.leave(entry, whyNot(entry));
        else report.leave(entry, `${entry.key} has no counterpart here`);
  return devices;
}

const whyNot = ({ key }: Entry): string =>
  key === "md5_cred"
    ? "a password cannot be made of its hash: set it in the dialog"
    : "a fixed contact is no registration";

/** `sip:user@host:port` in its parts. */
function uriOf(text = ""): { user: string; host: string; port: string } {
  const [, user = "", host = "", port = ""]: (string | undefined)[] =
    /^sips?:(?:([^@;]*)@)?([^:;@\s\\]+)(?::(\d+))?/i.exec(text) ?? [];
  return { user, host, port };
}

/** Registrations at other servers. */
export function readAccounts(sections: readonly Section[], report: Report): Account[] {
  return sections.flatMap((section): Account[] => {
    if (typeOf(section) !== "registration" || section.isTemplate) return [];
    takeLines(section, /^(outbound_auth|transport)$/, report);
    const authName = valueOf(section, "outbound_auth");
    const auth = sections.find((one) => one.name === authName && typeOf(one) === "auth");
    const trunk =
      valueOf(section, "endpoint") ??
      sections.find(
        (one) => typeOf(one) === "endpoint" && authName !== undefined && valueOf(one, "outbound_auth") === authName,
      )?.name ??
      section.name;
    const [server, client] = [uriOf(valueOf(section, "server_uri")), uriOf(valueOf(section, "client_uri"))];
    const login = auth ? (valueOf(auth, "username") ?? "") : "";
    const user = client.user || login;
    if (server.host === "" || !isNumber(user)) {
      report.leave(section, "its server or its user cannot be read: server_uri=sip:host, client_uri=sip:user@host");
      return [];
    }
    const expires = valueOf(section, "expiration") ?? "";
    const password = auth ? valueOf(auth, "password") : undefined;
    return [
      {
        trunk,
        name: slugOf(trunk, "account"),
        server: server.host,
        port: server.port,
        user,
        login: login === user ? "" : login,
        password,
        expires,
      },
    ];
  });
}

/** Transports of pjsip.conf and the ports of rtp.conf, as fields of sip-endpoint. */
export function readNetwork(sections: readonly Section[], report: Report): Network {
  const fields: Record<string, string | boolean> = {};
  const protocols = new Set<string>();
  const addresses = new Set<string>();
  for (const section of sections.filter((one) => typeOf(one) === "transport")) {
    takeLines(
      section,
      /^(protocol|bind|external_(media|signaling)_(address|port)|cert_file|priv_key_file|ca_list_file|verify_client|method|cipher|symmetric_transport|websocket_write_timeout)$/,
      report,
    );
    if (section.isTemplate) continue;
    const protocol = valueOf(section, "protocol")?.toLowerCase() ?? "udp";
    const [, address = "", port = ""]: (string | undefined)[] =
      /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(valueOf(section, "bind") ?? "") ?? [];
    if (!["udp", "tcp", "tls", "ws", "wss"].includes(protocol)) continue;
    protocols.add(protocol);
    if (address !== "") addresses.add(address.replace(/^\[|\]$/g, ""));
    const portField = { udp: "port", tcp: "port", tls: "tlsPort", ws: "wsPort", wss: "wssPort" }[protocol] ?? "port";
    if (port !== "") fields[portField] = port;
    const outside = valueOf(section, "external_signaling_address") ?? valueOf(section, "external_media_address");
    if (outside !== undefined) fields["advertise"] = outside;
    const [certificate, key, ca] = ["cert_file", "priv_key_file", "ca_list_file"].map((name) => valueOf(section, name));
    if (certificate !== undefined) Object.assign(fields, { certificate: "files", certificateFile: certificate });
    if (key !== undefined) fields["keyFile"] = key;
    if (ca !== undefined) fields["caFile"] = ca;
    if (isYes(valueOf(section, "verify_client"))) fields["clients"] = "required";
  }
  if (protocols.size > 0)
    for (const protocol of ["udp", "tcp", "tls", "ws", "wss"]) fields[protocol] = protocols.has(protocol);
  // The address that means all of a family is what an endpoint listens at without one.
  if ([...addresses].some((address) => address !== "0.0.0.0")) fields["bind"] = [...addresses].join(", ");
  for (const section of sections)
    for (const entry of section.entries)
      if (entry.key === "bindport") {
        fields["port"] = entry.value;
        report.take(entry);
      } else if (entry.key === "rtpstart" || entry.key === "rtpend") {
        fields[entry.key === "rtpstart" ? "rtpFrom" : "rtpTo"] = entry.value;
        report.take(entry);
      }
  return { fields };
}
