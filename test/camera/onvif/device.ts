// An ONVIF device for tests, as the published WSDL has it (devicemgmt.wsdl, media.wsdl), with the habits of makers as switches.
import { createHash } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { readXml, textAt } from "../../../src/camera/onvif/xml.ts";
import { device, digestGuard, login, password, type Device } from "../../http/device.ts";

export interface Habits {
  /** How it knows its users: HTTP Digest, a UsernameToken (answered 400 with a fault, or a 401 without a challenge), or not. */
  readonly login?: "digest" | "token" | "token-401" | "none";
  /** What its clock shows; a token more than five seconds away from it is refused. Undefined: it does not tell. */
  readonly clock?: () => number;
  readonly prefixes?: "soap" | "none" | "odd";
  readonly knows?: "services" | "capabilities" | "media2";
  /** The host in the addresses that it tells; that of the request by default. */
  readonly host?: string;
  readonly profiles?: readonly string[];
  readonly withoutImage?: boolean;
  /** What stands behind each address that it tells, of itself or of a picture. */
  readonly tail?: string;
  /** How many calls were let in by a token. */
  tokens?: number;
}

const prefixesOf = { soap: ["SOAP-ENV:", "tt:"], none: ["", ""], odd: ["x1:", "ns-9.b:"] } as const;

const fault = (code: string, reason: string) =>
  `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:${code}</s:Value></s:Subcode></s:Code>` +
  `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`;

export async function onvifDevice(t: TestContext, habits: Habits = {}): Promise<Device> {
  const { login: way = "digest" } = habits;
  const answer: RequestListener = (request, response) =>
    void read(request).then((text) => reply(habits, request, response, text));
  const guarded = digestGuard(answer, { algorithm: "MD5" });
  return device(t, way === "digest" ? guarded : answer);
}

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function reply(habits: Habits, request: IncomingMessage, response: ServerResponse, text: string): void {
  const [s, tt] = prefixesOf[habits.prefixes ?? "soap"];
  const send = (status: number, body: string) => {
    const own = body.replace(/(<\/?)s:/g, `$1${s}`).replace(/(<\/?)tt:/g, `$1${tt}`);
    response.writeHead(status, { "Content-Type": "application/soap+xml" });
    response.end(`<?xml version="1.0"?>\n<${s}Envelope><${s}Header/><${s}Body>${own}</${s}Body></${s}Envelope>`);
  };
  const question = readXml(text)?.children.find(({ name }) => name === "Body")?.children[0];
  const name = question?.name ?? "";
  if (name === "GetSystemDateAndTime") {
    const now = habits.clock && new Date(habits.clock());
    return now ? send(200, dateOf(now)) : send(400, fault("ActionNotSupported", "not here"));
  }
  if (habits.login?.startsWith("token")) {
    if (!isTokenRight(text, habits.clock?.())) {
      if (habits.login === "token") return send(400, fault("NotAuthorized", "Sender not authorized"));
      response.writeHead(401).end();
      return;
    }
    habits.tokens = (habits.tokens ?? 0) + 1;
  }
  const body = bodyOf(habits, name, textAt(question, "ProfileToken") ?? "", habits.host ?? request.headers.host ?? "");
  if (body === undefined) return send(400, fault("ActionNotSupported", `no ${name} &lt;here&gt;`));
  send(200, body);
}

const dateOf = (now: Date) =>
  `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>` +
  `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>` +
  `<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>` +
  `</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;

function isTokenRight(text: string, now: number | undefined): boolean {
  const token = readXml(text)?.children.find(({ name }) => name === "Header");
  const [user, nonce, created] = ["Username", "Nonce", "Created"].map((name) => textAt(token, name) ?? "");
  const wanted = createHash("sha1")
    .update(Buffer.from(nonce ?? "", "base64"))
    .update(`${created}${password}`)
    .digest("base64");
  const isInTime = now === undefined || Math.abs(Date.parse(created ?? "") - now) < 5_000;
  return user === login.username && textAt(token, "Password") === wanted && isInTime;
}

function bodyOf(habits: Habits, name: string, token: string, host: string): string | undefined {
  const { knows = "services", profiles = ["main", "sub"], withoutImage, tail = "" } = habits;
  const bare = host.replace(/:\d+$/, "");
  const media = `http://${host}/onvif/Media${tail}`;
  const services = {
    services: "http://www.onvif.org/ver10/media/wsdl",
    media2: "http://www.onvif.org/ver20/media/wsdl",
  };
  switch (name) {
    case "GetDeviceInformation":
      return `<r><tds:Manufacturer>Klingel &amp; Söhne</tds:Manufacturer><tds:Model>K-1</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion></r>`;
    case "GetServices":
      return knows === "capabilities"
        ? undefined
        : `<r><tds:Service><tds:Namespace>${services[knows]}</tds:Namespace><tds:XAddr>${media}</tds:XAddr></tds:Service></r>`;
    case "GetCapabilities":
      return `<r><tds:Capabilities><tt:Media><tt:XAddr>${media}</tt:XAddr></tt:Media></tds:Capabilities></r>`;
    case "GetProfiles":
      return `<r>${profiles.map((one) => profileOf(one, knows === "media2")).join("")}</r>`;
    case "GetStreamUri":
      return `<r><trt:MediaUri><tt:Uri>rtsp://admin:secret@${bare}:554/${token}?a=1&amp;b=2</tt:Uri></trt:MediaUri></r>`;
    case "GetSnapshotUri":
      return withoutImage
        ? undefined
        : `<r><trt:MediaUri><tt:Uri>http://${host}/image/${token}.jpg${tail}</tt:Uri></trt:MediaUri></r>`;
    default:
      return undefined;
  }
}

const profileOf = (name: string, isSecond: boolean): string => {
  const [width, height] = name === "main" ? [1920, 1080] : [640, 480];
  const encoder = isSecond ? "VideoEncoder" : "VideoEncoderConfiguration";
  return (
    `<trt:Profiles token="${name}" fixed="true"><tt:Name>Profile ${name}</tt:Name><tt:VideoSourceConfiguration><tt:Name>other</tt:Name></tt:VideoSourceConfiguration>` +
    `<tt:${encoder}><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution></tt:${encoder}></trt:Profiles>`
  );
};
