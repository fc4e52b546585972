// Secrets blacked out of a message before anybody sees it. Each byte of a secret becomes a `*`, so that every length
// stays what it was. What is not known to be harmless is blacked out: a device's odd way of writing must not show more.
// Digest (RFC 7616 §3), SDES (RFC 4568 §9.1), DTMF by INFO (door codes), push tokens (RFC 8599), passwords in URIs.

/** The message without its secrets, as long as it was. Takes time in proportion to its length, whatever stands in it. */
export function redact(data: Buffer): Buffer {
  // Latin-1 keeps one character a byte; what is not ASCII is no concern of any rule here.
  const text = data.toString("latin1");
  const start = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
  const end = /\r\n\r\n|\n\r?\n|\r\r/.exec(text.slice(start));
  const at = end ? start + end.index + end[0].length : text.length;
  const head = text.slice(0, at);
  return Buffer.from(tokens(passwords(lines(head) + body(head.slice(start), lines(text.slice(at))))), "latin1");
}

/** `*` for each character but line ends and blanks, which hold no secret and keep the message's shape. */
const black = (text: string): string => text.replace(/[^\r\n\t ]/g, "*");

/** Header and SDP lines, each with the lines it is folded into, wherever in the message they stand. */
function lines(text: string): string {
  return text.replace(/[^\r\n]+(?:(?:\r\n|\r|\n)[ \t]+[^\r\n]*)*/g, (line) => {
    const named = /^[ \t]*([^\s:=]+)[ \t]*([:=])/.exec(line);
    if (!named?.[1]) return line;
    const rest = line.slice(named[0].length);
    const name = named[1].toLowerCase();
    return named[0] + (name === "signal" ? signal(rest) : named[2] === "=" ? sdp(name, rest) : header(name, rest));
  });
}

const signal = (rest: string): string => {
  const code = /^\s*[^\s;]+/.exec(rest)?.[0] ?? "";
  return black(code) + rest.slice(code.length);
};

function sdp(type: string, rest: string): string {
  if (type === "k") return black(rest);
  if (type !== "a") return rest;
  const shown = /^\s*crypto:\s*\S+\s+\S+\s+(?:inline:)?|^\s*(?:crypto|key-mgmt|ice-pwd):/i.exec(rest)?.[0];
  return shown === undefined ? rest : shown + black(rest.slice(shown.length));
}

const secretName = /auth|passw|secret|token|cookie|api-?key|credential/;

function header(name: string, rest: string): string {
  if (/^(?:proxy-)?authorization$|^(?:www|proxy)-authenticate$/.test(name)) {
    const digest = /^\s*digest(?=[\s,])/i.exec(rest)?.[0];
    return digest === undefined ? black(rest) : digest + parameters(rest.slice(digest.length));
  }
  if (/authentication-info$/.test(name)) return parameters(rest);
  return secretName.test(name) ? black(rest) : rest;
}

// A nonce of ours is a time and its seal, and without the response nothing can be guessed by it; it shows loops.
const harmless = /^(?:username|realm|nonce|uri|algorithm|qop|nc|opaque|stale|domain|userhash)$/i;
const separator = /[\s,]+/y;
const parameter = /([^\s,=]+)(\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s,"]*)/sy;
const word = /[^\s,]+/y;

/** Digest parameters: those known to be harmless stay, everything else goes, also what is no parameter at all. */
function parameters(rest: string): string {
  let shown = "";
  let at = 0;
  const next = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(rest);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < rest.length) {
    shown += next(separator)?.[0] ?? "";
    const [all, name = "", equals = "", value = ""] = next(parameter) ?? [];
    if (all === undefined) shown += black(next(word)?.[0] ?? "");
    // A quote that a device forgot to close takes the next parameter in.
    else if (harmless.test(name) && !/response|cnonce|rspauth/i.test(value)) shown += all;
    else shown += name + equals + value.replace(/[^"\r\n\t ]/g, "*");
  }
  return shown;
}

const shownInfo = /^(?:application\/media_control\+xml|application\/sdp)$/;

/** What an INFO carries is a digit of a door code unless it is known to be something else; a MESSAGE is private. */
function body(head: string, text: string): string {
  if (text === "") return text;
  const method = /^(\S+) \S+ SIP\/2\.0/i.exec(head)?.[1];
  const answered = /^SIP\/2\.0 /i.test(head) ? /^cseq[ \t]*:\s*\d+\s+(\S+)/im.exec(head)?.[1] : undefined;
  const kind = (method ?? answered)?.toUpperCase();
  const type = /^(?:content-type|c)[ \t]*:\s*([^\s;]+)/im.exec(head)?.[1]?.toLowerCase() ?? "";
  const hidden =
    kind === undefined ||
    kind === "MESSAGE" ||
    (kind === "INFO" && !shownInfo.test(type)) ||
    /dtmf|telephone-event|digit|kpml|^text\//.test(type);
  // These names stay, for people who look whether a digit came at all.
  const letters = /(?:signal|duration)\s*=|[^\r\n\t ]/gi;
  return hidden ? text.replace(letters, (found) => (found.endsWith("=") && found.length > 1 ? found : "*")) : text;
}

/** Passwords in URIs, anywhere. Found from each `@` backwards, since a pattern would take quadratic time. */
function passwords(text: string): string {
  let shown = "";
  let done = 0;
  /** Where the last `@` stood, and whether a password ended there: it may hold another one that was not escaped. */
  let before = -1;
  let goesOn = false;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let from = at;
    while (from > before + 1 && !/[\s<>"]/.test(text.charAt(from - 1))) from--;
    const scheme = /sips?:|[a-z][a-z0-9+.-]{0,20}:\/\//i.exec(text.slice(from, at));
    const user = scheme ? from + scheme.index + scheme[0].length : at;
    const colon = text.slice(user, at).indexOf(":");
    const more: boolean = goesOn && from === before + 1;
    goesOn = more || colon >= 0;
    if (goesOn) {
      const secret = more ? from : user + colon + 1;
      shown += text.slice(done, secret) + "*".repeat(at - secret);
      done = at;
    }
    before = at;
  }
  return shown + text.slice(done);
}

const tokens = (text: string): string =>
  text.replace(
    /([;&?]\s*pn-(?:prid|tok|voip-tok)\s*=\s*|[&?](?:proxy-)?authorization=)([^;&>\s,?]*)/gi,
    (_all, name: string, token: string) => name + black(token),
  );
