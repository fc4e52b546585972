// The part of Node-RED's runtime that our nodes use, written down by hand: @types/node-red lags behind the releases.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Application, RequestHandler } from "./http.d.ts";

export interface Message {
  _msgid?: string;
  topic?: unknown;
  payload?: unknown;
  [name: string]: unknown;
}

/** What a node sends: one message, or one (or a list, or nothing) for each output. */
export type Sent = Message | null | (Message | Message[] | null)[];
export type Send = (msg: Sent) => void;
export type Done = (error?: Error) => void;

export interface StatusLook {
  fill?: "red" | "green" | "yellow" | "blue" | "grey";
  shape?: "dot" | "ring";
  /** A sentence, or a key of the node's words, which the editor translates. */
  text?: string;
}

/** A node's settings as they stand in the flow file. */
export interface Config {
  id: string;
  type: string;
  name?: string;
  /** The tab; config nodes have none. */
  z?: string;
  /** It is disabled, and does not run. */
  d?: boolean;
}

export interface RedNode<Credentials = object> {
  id: string;
  type: string;
  name?: string;
  credentials: Partial<Credentials>;
  on(event: "input", listener: (msg: Message, send: Send, done: Done) => void): void;
  on(event: "close", listener: (removed: boolean, done: () => void) => void): void;
  send: Send;
  status(look: StatusLook): void;
  log(text: string): void;
  warn(text: string): void;
  error(text: string | Error, msg?: Message): void;
  debug(text: string): void;
}

export interface Red {
  nodes: {
    createNode(node: RedNode, config: Config): void;
    getNode(id: string): RedNode | null | undefined;
    eachNode(visitor: (config: Config) => void): void;
    registerType(
      type: string,
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a node's own settings and its own `this`
      constructor: (this: any, config: any) => void,
      options?: { credentials?: Record<string, { type: "text" | "password" }> },
    ): void;
  };
  settings: {
    userDir?: string;
    httpNodeAuth?: unknown;
    httpNodeRoot?: string | false;
    uiHost?: string;
    uiPort?: number;
    https?: unknown;
    /** Ours: further names that browsers reach Node-RED by. */
    portero?: { hosts?: unknown };
  };
  httpAdmin: Application;
  /** For everybody, behind the login that `httpNodeAuth` sets. */
  httpNode: Application;
  /** The web server below both. */
  server?: { on(event: "upgrade", listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void };
  events: { once(event: "flows:started", listener: () => void): void };
  /** To every editor that has subscribed to the topic. */
  comms: { publish(topic: string, data: unknown, retain: boolean): void };
  auth: { needsPermission(permission: string): RequestHandler };
  util: {
    cloneMessage<T>(msg: T): T;
    evaluateNodeProperty(value: string, type: string, node: RedNode, msg: Message, done: Evaluated): void;
  };
  /** Translates a key of the node's words; parameters stand as `__name__` in the text. */
  _(key: string, parameters?: Record<string, string | number>): string;
}

export type Evaluated = (error: Error | null, value: unknown) => void;
