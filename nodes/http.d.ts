// The part of Express that our routes use.
import type { IncomingHttpHeaders } from "node:http";

export interface Request {
  headers: IncomingHttpHeaders;
  path: string;
  /** Who has logged in, where Node-RED's settings have a login of their own (passport's way). */
  user?: string | { username?: string; name?: string; email?: string };
  method: string;
  /** As it was asked for, with its query; of what is used at a path, what is behind that. */
  url: string;
  socket: { remoteAddress?: string | undefined };
  on(event: "close", listener: () => void): void;
  on(event: "data", listener: (piece: Buffer) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  destroy(): void;
  params: Record<string, string | undefined>;
  query: Record<string, unknown>;
  body: unknown;
}

export interface Response {
  json(body: unknown): void;
  status(code: number): Response;
  set(header: string, value: string): Response;
  send(body: string | Buffer): void;
  redirect(location: string): void;
  /** For answers that go on. */
  flushHeaders(): void;
  write(text: string | Buffer): boolean;
  /** Bytes that the browser has not taken yet. */
  readonly writableLength: number;
  readonly headersSent: boolean;
  /** The browser has gone, before its answer was whole. */
  readonly destroyed: boolean;
  on(event: "close", listener: () => void): void;
  end(): void;
}

export type RequestHandler = (request: Request, response: Response, next: () => void) => void;

export interface Application {
  get(path: string, ...handlers: RequestHandler[]): void;
  post(path: string, ...handlers: RequestHandler[]): void;
  use(path: string, ...handlers: RequestHandler[]): void;
}
