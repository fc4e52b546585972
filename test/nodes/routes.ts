// Routes without a server: what a node gives to Node-RED's own, asked as Express would ask it.
import { EventEmitter } from "node:events";
import type { Application, Request, RequestHandler, Response } from "../../nodes/http.d.ts";

export interface Answer {
  status: number;
  /** Where it leads, for a redirection; undefined where nothing was answered yet. */
  body: unknown;
}

export interface Asked {
  readonly request: EventEmitter & { destroyed: boolean };
  /** As it stands now, and as soon as it is whole. */
  readonly now: Answer;
  readonly answer: Promise<Answer>;
  readonly headers: Readonly<Record<string, string>>;
  /** Of an answer that goes on. */
  readonly written: string[];
  /** The browser goes away. */
  readonly leave: () => void;
}

export class Routes {
  readonly #handlers = new Map<string, readonly RequestHandler[]>();
  /** In the place of `httpNode` or `httpAdmin`. */
  readonly app: Application = {
    get: (path, ...handlers) => void this.#handlers.set(`GET ${path}`, handlers),
    post: (path, ...handlers) => void this.#handlers.set(`POST ${path}`, handlers),
    use: (path, ...handlers) => void this.#handlers.set(`USE ${path}`, handlers),
  };

  /** Method, path, and how many handlers each has. */
  get all(): readonly (readonly [route: string, handlers: number])[] {
    return [...this.#handlers].map(([route, handlers]) => [route, handlers.length]);
  }

  /** Asks the last handler of a route: rights come before it. */
  ask(route: string, more: object): Asked {
    const request = Object.assign(new EventEmitter(), {
      ...{ method: route.split(" ")[0], url: "/", path: "/", socket: {}, headers: {}, params: {}, query: {} },
      destroyed: false,
      destroy: () => void (request.destroyed = true),
      ...more,
    });
    const now: Answer = { status: 200, body: undefined };
    const headers: Record<string, string> = {};
    const written: string[] = [];
    const connection = new EventEmitter();
    const answer = new Promise<Answer>((resolve) => {
      const done = (body: unknown) => {
        now.body = body;
        resolve(now);
      };
      const response = {
        status: (code: number) => ((now.status = code), response),
        set: (name: string, value: string) => ((headers[name] = value), response),
        ...{ json: done, send: done },
        redirect: (to: string) => {
          now.status = 302;
          done(to);
        },
        flushHeaders: () => {},
        write: (text: string) => written.push(text),
        on: (event: string, listener: () => void) => connection.on(event, listener),
        end: () => done(written),
      };
      const work = this.#handlers.get(route)?.at(-1);
      work?.(request as unknown as Request, response as unknown as Response, () => {});
    });
    return { request, now, answer, headers, written, leave: () => void connection.emit("close") };
  }
}
