// The command line of a simulated device, read and checked.
import { parseArgs } from "node:util";
import { giveUp, sentence } from "../errors.ts";
import { Secret } from "../secret.ts";
import { parseHostPort } from "../sip/message/uri.ts";
import type { BellOptions } from "./bell.ts";
import type { PhoneOptions } from "./phone.ts";

export type Wanted =
  | { readonly device: "bell"; readonly options: BellOptions; readonly press: boolean }
  | { readonly device: "phone"; readonly options: PhoneOptions };

/** `command`: what it is called where somebody asks. */
export const usage = (commands: string, command: string): string => `A simulated bell or phone that registers over SIP.

  ${command} bell  --server 127.0.0.1:5060 --extension 8000 --press
  ${command} phone --server 127.0.0.1:5060 --extension 6001 --answer-after 3

The password is taken from the environment variable PORTERO_PASSWORD, so that it need not stand in the list of processes.

Both
  --server host:port     the SIP server; port 5060 where none is given
  --extension number     the number to register for
  --login name           the user name of the password, if it is not the extension
  --password password    if not from the environment
  --name text            what the other side shows
  --transport kind       udp (default), tcp, tls
  --pin fingerprint      by TLS: SHA-256 of the server's certificate, if no authority signed it
  --bind address         the local address; by default loopback for a server on this machine, else all
  --port number          the local SIP port; any free one by default
  --tone hertz           what it "says": 440 for a bell, 880 for a phone by default, 0 for silence
  --digits-by kind       how it sends digits: dtmf-relay (default), dtmf, rtp
  --help

Bell
  --press                press the button as soon as it is registered
  --dial number          the number its button calls; its own extension by default
  --code digits          the door code, 1234 by default
  --camera-port number   the port of its camera; that of SIP by default
  --camera behaviour     normal (default), silent, slow, broken

Phone
  --answer-after seconds answer by itself; otherwise it rings until "answer"
  --busy                 refuse each call with 486
  --decline              refuse each call with 603

Commands on standard input: ${commands}
`;

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const common = {
  ...{ server: text, extension: text, login: text, password: text, name: text, transport: text, pin: text, bind: text },
  ...{ port: text, tone: text, "digits-by": text, help: flag },
};
const forBell = { ...common, press: flag, dial: text, code: text, "camera-port": text, camera: text };
const forPhone = { ...common, "answer-after": text, busy: flag, decline: flag };

const wrong = (why: string) => giveUp("usage", `${why}. --help shows all options.`);

/** Throws giveUp `usage` with a sentence. */
export function readCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Wanted | "help" {
  const [device, ...rest] = args;
  if (device === undefined || args.includes("--help") || device === "help") return "help";
  if (device === "bell") return bell(rest, env);
  if (device === "phone") return phone(rest, env);
  throw wrong(`"${device}" is no device: begin with bell or phone`);
}

function bell(args: string[], env: NodeJS.ProcessEnv): Wanted {
  const { values } = parsed(() => parseArgs({ args, options: forBell, allowNegative: false }));
  const { press = false, dial, code } = values;
  if (code !== undefined && !/^[0-9A-D*#,]+$/i.test(code)) throw wrong("--code takes 0-9, A-D, * and #");
  const behaviour = oneOf("camera", values.camera, ["normal", "silent", "slow", "broken"]);
  const port = number("camera-port", values["camera-port"], 65535);
  const camera = { ...(behaviour && { behaviour }), ...(port !== undefined && { port }) };
  const own = { camera, ...(dial && { dial }), ...(code && { code: new Secret(code) }) };
  return { device: "bell", press, options: { ...shared(values, env), ...own } };
}

function phone(args: string[], env: NodeJS.ProcessEnv): Wanted {
  const { values } = parsed(() => parseArgs({ args, options: forPhone, allowNegative: false }));
  if (values.busy && values.decline) throw wrong("--busy and --decline exclude each other");
  const behaviour = values.busy ? "busy" : values.decline ? "decline" : "ring";
  const seconds = number("answer-after", values["answer-after"], 86_400, true);
  const own = { behaviour, ...(seconds !== undefined && { answerAfterMs: seconds * 1000 }) } as const;
  return { device: "phone", options: { ...shared(values, env), ...own } };
}

interface Shared {
  server?: string;
  extension?: string;
  login?: string;
  password?: string;
  name?: string;
  transport?: string;
  pin?: string;
  bind?: string;
  port?: string;
  tone?: string;
  "digits-by"?: string;
}

function shared(values: Shared, env: NodeJS.ProcessEnv) {
  const { server, extension, login, name, bind, pin } = values;
  if (!server) throw wrong("say where the server is: --server 127.0.0.1:5060");
  const place = parseHostPort(server);
  if (!place) throw wrong(`--server wants host:port, not "${server}"`);
  if (!extension) throw wrong("say which number to register for: --extension 8000");
  const password = values.password ?? env["PORTERO_PASSWORD"];
  if (!password) throw wrong("give the password in the environment variable PORTERO_PASSWORD, or with --password");
  const transport = oneOf("transport", values.transport, ["udp", "tcp", "tls"]);
  const digitsBy = oneOf("digits-by", values["digits-by"], ["dtmf-relay", "dtmf", "rtp"]);
  const port = number("port", values.port, 65535);
  const tone = number("tone", values.tone, 3400);
  return {
    ...{
      server: { host: place.host, port: place.port ?? (transport === "tls" ? 5061 : 5060) },
      extension,
      password: new Secret(password),
    },
    ...(login && { login }),
    ...(name && { name }),
    ...(bind && { bind }),
    ...(transport && { transport }),
    ...(pin && { pin }),
    ...(digitsBy && { digitsBy }),
    ...(port !== undefined && { port }),
    ...(tone !== undefined && { tone }),
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // Node's sentence goes on with advice about "--", which is of no use here.
    throw wrong(sentence(error).split(". ")[0] ?? "");
  }
}

function number(name: string, value: string | undefined, most: number, fraction = false): number | undefined {
  if (value === undefined) return undefined;
  const read = Number(value);
  if (value.trim() === "" || !(read >= 0 && read <= most) || !(fraction || Number.isInteger(read)))
    throw wrong(`--${name} wants a ${fraction ? "" : "whole "}number from 0 to ${most}, not "${value}"`);
  return read;
}

function oneOf<const T extends string>(name: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (!found) throw wrong(`--${name} is one of ${known.join(", ")}, not "${value}"`);
  return found;
}
