// Messages that hold secrets in all the forms that devices write them in, made from a seed.
import type { Random } from "../random.ts";

/** A message for the wire, and what nobody may see of it. */
export interface Secretive {
  readonly text: string;
  readonly secrets: readonly string[];
}

const eol = "\r\n";

/** Each secret is long and occurs nowhere else, so that it is found if any of it is left. */
export function secretive(random: Random): Secretive {
  const secrets: string[] = [];
  const secret = (letters = "ABCDEFGHKLMNPQRSTUVWXYZ23456789", length = 12) => {
    const made = Array.from({ length }, () => letters[random.below(letters.length)] ?? "").join("");
    secrets.push(made);
    return made;
  };
  const caseOf = (name: string) => random.pick([name, name.toUpperCase(), name.toLowerCase()]);
  const colon = () => random.pick([": ", ":", " : ", "\t: ", ":\t", `:${eol} `]);
  const gap = () => random.pick([" ", "", "  ", `${eol} `, `${eol}\t`]);
  const header = (name: string, value: string) => caseOf(name) + colon() + value + eol;
  const uri = () =>
    random.pick([
      () => `sip:8000:${secret()}@10.0.0.1`,
      () => `SIPS:8000:${secret()}@[2001:db8::1]:5061;transport=tls`,
      () => `sip:8000@10.0.0.1;pn-provider=apns;pn-param=x.y;pn-prid=${secret()}`,
      () => `sip:8000@10.0.0.1;PN-PRID=${secret()};ob`,
      () => `sip:8000;phone-context=x:${secret()}@host`,
      () => `sip:8000:${secret()}@${secret()}@host`,
      () => `sip:8000@10.0.0.1?Authorization=${secret()}`,
    ])();
  const digest = () => {
    const equals = () => random.pick(["=", " = ", "= ", " =", `=${eol} `]);
    const parts = [
      () => `username${equals()}"8000"`,
      () => `realm${equals()}"portero, of course"`,
      () => `nonce${equals()}"lk2.0123"`,
      () => `uri${equals()}"sip:8000:${secret()}@10.0.0.1"`,
      () => `${caseOf("response")}${equals()}"${secret()}"`,
      () => `response${equals()}${secret()}`,
      () => `cnonce${equals()}"${secret()}"`,
      () => `x-maker${equals()}"${secret()}"`,
      () => `nonce${equals()}"never closed, response=${secret()}`,
      () => `nonce="closed late, response="${secret()}"`,
      () => secret(),
      () => "nc=00000001",
    ];
    const some = Array.from({ length: 1 + random.below(6) }, () => random.pick(parts)());
    return `${random.pick(["Digest ", "digest ", "DIGEST  ", `Digest${eol} `])}${some.join(`,${gap()}`)}`;
  };
  const heads = [
    () => header("Authorization", digest()),
    () => header("Proxy-Authorization", digest()),
    () => header("Authorization", `${digest()}, ${digest()}`),
    () => header("Authorization", `Basic ${secret()}`),
    () => header("Authorization", `Bearer${eol} ${secret()}`),
    () => header("Authentication-Info", `rspauth="${secret()}", cnonce=${secret()}, nc=00000001`),
    () => header("Proxy-Authentication-Info", `nextnonce="${secret()}"`),
    () => header("X-Auth-Token", secret()),
    () => header("X-Password", `a ${secret()}`),
    () => header(random.pick(["Contact", "m"]), `<${uri()}>;expires=60, "x" <${uri()}>`),
    () => header(random.pick(["From", "f"]), `"A \\" B" <${uri()}>;tag=1`),
    () => header(random.pick(["To", "t"]), uri()),
    () => header("Call-Info", `<http://admin:${secret()}@10.0.0.9/jpg/image.jpg>;purpose=icon`),
    () => header("Subject", `Ünïcode ${"ä".repeat(random.below(20))}`),
    () => header("Via", "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1"),
  ];
  const inline = () => `inline:${secret()}${random.pick(["", "|2^20|1:4", `;inline:${secret()}`])}`;
  const sdp = () =>
    ["v=0", "c=IN IP4 10.0.0.9", "m=audio 4000 RTP/SAVP 8"]
      .concat(Array.from({ length: 2 }, (_, i) => `a=crypto:${i} AES_CM_128_HMAC_SHA1_80 ${inline()}`))
      .concat(random.pick([[`k=clear:${secret()}`], [`a=key-mgmt:mikey ${secret()}`], [`a=ice-pwd:${secret()}`], []]))
      .concat(random.pick([[`A=CRYPTO:1 X ${inline()}`], [`a=crypto:${secret()}`], []]))
      .join(random.pick([eol, "\n"])) + eol;
  const code = () => secret("0123456789*#", 9);
  const bodies: (() => readonly [method: string, type: string, body: string])[] = [
    () => ["INVITE", "application/sdp", sdp()],
    () => ["UPDATE", "Application/SDP;charset=utf-8", sdp()],
    () => ["INFO", "application/dtmf-relay", `Signal=${code()}${eol}Duration=160${eol}`],
    () => ["INFO", "application/dtmf-relay", `signal = ${code()}\nduration = 160`],
    () => ["INFO", "APPLICATION/DTMF-RELAY", `Duration=160${eol}Signal= ${code()}`],
    () => ["INFO", "application/dtmf", code()],
    () => ["INFO", "application/dtmf;x=y", `${code()}${eol}`],
    () => ["INFO", "audio/telephone-event", `d=${code()}`],
    () => ["INFO", "application/vnd.nortelnetworks.digits", `p=Digit-Collection${eol}y=Digits${eol}d=${code()}`],
    () => ["INFO", "application/kpml-response+xml", `<kpml-response digits="${code()}"/>`],
    () => ["info", "application/octet-stream", code()],
    () => ["NOTIFY", "application/kpml-response+xml", `<kpml-response digits="${code()}"/>`],
    () => ["MESSAGE", "text/plain", `the key is ${secret()}`],
    () => ["OPTIONS", "message/sipfrag", `REGISTER sip:x SIP/2.0${eol}Authorization: ${digest()}${eol}`],
  ];
  const [method, type, body] = random.pick(bodies)();
  const start = random.pick([
    () => `${method} ${uri()} SIP/2.0${eol}`,
    () => `${eol}${eol}${method} sip:10.0.0.1 SIP/2.0${eol}`,
    () => `SIP/2.0 200 OK${eol}`,
    () => `not SIP at all${eol}`,
  ])();
  let head = "";
  for (let count = random.below(8); count >= 0; count--) head += random.pick(heads)();
  head += header("CSeq", `1 ${method}`) + header(random.pick(["Content-Type", "c"]), type);
  head += header(random.pick(["Content-Length", "l"]), String(Buffer.byteLength(body)));
  // Some devices end their lines with a line feed alone.
  const whole = `${start}${head}${eol}${body}`;
  return { text: random.chance(0.1) ? whole.replaceAll("\r\n", "\n") : whole, secrets };
}
