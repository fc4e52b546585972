// A device's web server for tests: what a handler makes of it, on loopback, ended with its test.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { inspect } from "node:util";
import { parseCredentials, verifyDigest } from "../../src/digest.ts";
import { PorteroError } from "../../src/errors.ts";
import { HttpClient, type HttpRequest } from "../../src/http.ts";
import { Secret } from "../../src/secret.ts";
import type { FakeClock } from "../support/clock.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");

export const certificate = (name: string): string => fixture(`${name}.pem`);
export const fingerprint = (name: string): string => new X509Certificate(certificate(name)).fingerprint256;

export interface Device {
  /** Without a slash at the end. */
  readonly url: string;
  readonly host: string;
  /** The request lines and Authorization headers it has seen. */
  readonly requests: { readonly method: string; readonly path: string; readonly authorization: string | undefined }[];
  /** Connections it has accepted so far. */
  readonly connections: number;
  /** Resolves with the first request. */
  readonly asked: Promise<void>;
  /** Ends the open connections. */
  drop(): void;
  /** Shows another certificate from now on, as somebody does who took its place. */
  become(tls: string): void;
}

/** Starts a server; with `tls` the name of a certificate in test/fixtures/tls. */
export async function device(t: TestContext, handler: RequestListener, tls?: string): Promise<Device> {
  const requests: Device["requests"][number][] = [];
  let ask = () => {};
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url: path = "", headers } = request;
    requests.push({ method, path, authorization: headers.authorization });
    ask();
    handler(request, response);
  };
  const secure = (name: string) => ({ cert: certificate(name), key: fixture(`${name}.key`) });
  const server = tls === undefined ? http.createServer(listener) : https.createServer(secure(tls), listener);
  let connections = 0;
  server.on("connection", () => connections++);
  const host = await listening(t, server);
  t.after(() => server.closeAllConnections());
  return {
    ...{ url: `${tls === undefined ? "http" : "https"}://${host}`, host, requests, asked },
    drop: () => server.closeAllConnections(),
    become: (name) => {
      if (server instanceof https.Server) server.setSecureContext(secure(name));
    },
    get connections() {
      return connections;
    },
  };
}

/** A server that answers every connection with these bytes, whatever they are. */
export async function rawDevice(t: TestContext, answer: string | Buffer): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  });
  return `http://${await listening(t, server)}`;
}

/** Takes connections and says nothing: `connected` with the first piece it gets, `left` when the other side hangs up. */
export async function silentDevice(t: TestContext) {
  const server = net.createServer();
  const begun = once(server, "connection").then(([socket]: net.Socket[]) => socket);
  const connected = begun.then((socket) => socket && once(socket, "readable"));
  const left = begun.then(async (socket) => {
    await connected;
    if (socket) await once(socket.resume(), "close");
  });
  return { url: `https://${await listening(t, server)}`, connected, left };
}

/** An address on loopback where nobody listens: that of a server which has ended. */
export async function nobody(): Promise<string> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

async function listening(t: TestContext, server: net.Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A body that never ends. */
export function flood(response: ServerResponse): void {
  if (!response.destroyed) response.write(Buffer.alloc(10_000), () => flood(response));
}

/** A body that comes one byte each second of `clock`. Each is in time for a time-out that would start anew with it. */
export function drip(response: ServerResponse, body: Buffer, clock: FakeClock): void {
  if (response.destroyed || body.length === 0) return;
  response.write(
    body.subarray(0, 1),
    () => void clock.advance(1_000).then(() => drip(response, body.subarray(1), clock)),
  );
}

export function client(t: TestContext, deps?: ConstructorParameters<typeof HttpClient>[0]): HttpClient {
  const made = new HttpClient(deps);
  t.after(() => made.close());
  return made;
}

/** A password that would be found wherever it leaked. */
export const password = "Geheim-4711";
export const login = { username: "admin", password: new Secret(password) };

export const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ url, timeoutMs: 5_000, maxBytes: 100_000 },
  ...more,
});

/** Checks an error's code and sentence, and that nothing of it holds the password. */
export async function rejects(promise: Promise<unknown>, code: string, sentence: RegExp): Promise<PorteroError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PorteroError)) assert.fail(`no PorteroError ${code} but ${inspect(error)}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, sentence);
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(password), "the password is in the error");
  return error;
}

export interface Guard {
  readonly algorithm?: "MD5" | "SHA-256";
  /** A nonce is good for so many requests, then `stale`. */
  readonly uses?: number;
  /** Says `stale=true` when a nonce is too old. */
  readonly saysStale?: boolean;
  readonly also?: string;
}

/** Lets through only requests signed with Digest; nonces count up, `nc` must too (RFC 7616 §3.4). */
export function digestGuard(guarded: RequestListener, guard: Guard = {}): RequestListener {
  const { algorithm = "SHA-256", uses = Infinity, saysStale = true, also } = guard;
  let [nonce, used] = [1, 0];
  return (request, response) => {
    const given = parseCredentials(request.headers.authorization ?? "");
    const right =
      given?.username === login.username &&
      given.uri === request.url &&
      given.algorithm === algorithm &&
      verifyDigest(given, password, request.method ?? "");
    const current = given?.nonce === `nonce-${nonce}` && used < uses;
    if (right && current && Number.parseInt(given.nc ?? "", 16) === used + 1) {
      used += 1;
      guarded(request, response);
      return;
    }
    if (given?.nonce === `nonce-${nonce}`) [nonce, used] = [nonce + 1, 0];
    const stale = right && !current && saysStale ? ", stale=true" : "";
    const challenge = `Digest realm="camera", nonce="nonce-${nonce}", qop="auth", algorithm=${algorithm}${stale}`;
    response.writeHead(401, { "WWW-Authenticate": also === undefined ? challenge : [also, challenge] });
    response.end("who are you?");
  };
}
