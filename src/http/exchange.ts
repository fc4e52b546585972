// One HTTP request and its response (RFC 9112), with a limit of size and an end from outside. No authentication, no
// redirects: see ../http.ts.
import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import { Collected } from "./collected.ts";
import type { ConnectOptions } from "./connect.ts";
import { codeOf, type Progress } from "./faults.ts";

export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
  readonly agent: http.Agent;
  readonly lookup: LookupFunction | undefined;
  /** Rejects with the signal's reason. */
  readonly ended: AbortSignal;
  readonly maxBytes: number;
  /** What to reject with when the body is larger. */
  readonly tooLarge: () => Error;
  readonly enough: Enough | undefined;
  readonly each: Each | undefined;
  readonly progress: Progress;
}

/** Asked after each piece of a successful answer, with all of its body so far: true = the rest is not wanted. */
export type Enough = (body: Buffer, headers: IncomingHttpHeaders) => boolean;

/** Gets each piece of a successful answer, which is then not collected. */
export type Each = (piece: Buffer, headers: IncomingHttpHeaders) => void;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

// The bodies of 401 and redirects are read only to keep the connection.
const scrapBytes = 64 * 1024;
const isScrap = (status: number) => status === 401 || (status >= 300 && status < 400);

export function exchange(wanted: Exchange): Promise<Answer> {
  const { url, method, body, ended, progress } = wanted;
  return new Promise((resolve, reject) => {
    ended.throwIfAborted();
    let response: IncomingMessage | undefined;
    const options: ConnectOptions = {
      method,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      path: url.pathname + url.search,
      headers: { ...wanted.headers, ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }) },
      agent: wanted.agent,
      ended,
      ...(wanted.lookup ? { lookup: wanted.lookup } : {}),
    };
    const request = (url.protocol === "https:" ? https : http).request(options);
    const onEnded = () => fail(ended.reason);
    const fail = (error: unknown) => {
      ended.removeEventListener("abort", onEnded);
      request.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    ended.addEventListener("abort", onEnded);
    request.on("error", (error) => {
      // Bytes behind a whole answer are wrong, but the answer is not.
      if (response?.complete) return;
      // A kept connection that the server closed meanwhile: once more on another one (RFC 9110 §9.2.2).
      const closedMeanwhile = ["ECONNRESET", "EPIPE"].includes(codeOf(error)) && !response;
      if (request.reusedSocket && closedMeanwhile && method === "GET" && !ended.aborted) resolve(exchange(wanted));
      else fail(error);
    });
    request.on("response", (begun) => {
      response = begun;
      progress.answered = true;
      read(begun, wanted)
        .then((answer) => {
          ended.removeEventListener("abort", onEnded);
          resolve(answer);
        })
        .catch(fail);
    });
    request.end(body);
  });
}

function read(response: IncomingMessage, { maxBytes, tooLarge, enough, each, progress }: Exchange): Promise<Answer> {
  const { headers, statusCode: status = 0 } = response;
  const scrap = isScrap(status);
  const success = status >= 200 && status < 300;
  const limit = scrap ? scrapBytes : maxBytes;
  return new Promise((resolve, reject) => {
    const collected = new Collected();
    const finish = () => resolve({ status, headers, body: Buffer.from(collected.bytes) });
    const stop = () => {
      response.off("data", onData);
      finish();
      // Often the end has come in the same piece, and the connection can be kept.
      response.resume();
      setImmediate(() => {
        if (!response.complete) response.destroy();
      });
    };
    const overflow = () => {
      if (scrap) stop();
      else reject(tooLarge());
    };
    const onData = (piece: Buffer) => {
      progress.received += piece.length;
      if (each && success) {
        each(piece, headers);
        return;
      }
      if (collected.length + piece.length > limit) {
        overflow();
        return;
      }
      collected.add(piece);
      if (success && enough?.(collected.bytes, headers)) stop();
    };
    response.on("data", onData).on("end", finish).on("error", reject);
    if (!(each && success) && Number(headers["content-length"]) > limit) overflow();
  });
}
