// What every node does the same way: handlers that can fail without ending Node-RED, and statuses that say why.
import { EventEmitter } from "node:events";
import { sentence } from "../src/errors.ts";
import { printable, type Log } from "../src/log.ts";
import type { Message, RedNode, Send, StatusLook } from "./red.d.ts";

/**
 * Handles messages. A rejected async input handler would end the whole of Node-RED; here it becomes the message's error
 * (Catch nodes see it) and the node's status.
 */
export function onInput(node: RedNode, handle: (msg: Message, send: Send) => void | Promise<void>): void {
  node.on("input", (msg, send, done) => {
    void (async () => {
      try {
        await handle(msg, send);
        done();
      } catch (error) {
        node.status(failure(error));
        // As a text: an error object would show in the sidebar cut and with its stack.
        node.error(sentence(error), msg);
        done();
      }
    })();
  });
}

/** Runs when the node is removed or redeployed. Node-RED waits for it, 15 s at most; it declares `done` for that. */
export function onClose(node: RedNode, handle: (removed: boolean) => void | Promise<void>): void {
  node.on("close", (removed, done) => {
    void (async () => {
      try {
        await handle(removed);
      } catch (error) {
        node.warn(sentence(error));
      } finally {
        done();
      }
    })();
  });
}

/** Runs work that nobody waits for; what goes wrong is said in the log and in the status. */
export function inBackground(node: RedNode, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    node.status(failure(error));
    node.error(sentence(error));
  });
}

const failure = (error: unknown): StatusLook => ({ fill: "red", shape: "ring", text: sentence(error) });

/** Node-RED's log, as src/ wants it. */
export const logOf = (node: RedNode): Log => ({
  debug: (text) => node.debug(printable(text)),
  info: (text) => node.log(printable(text)),
  warn: (text) => node.warn(printable(text)),
  error: (text) => node.error(printable(text)),
});

/** The health of a config node, which has no status of its own: the nodes that use it show its trouble in theirs. */
export class Health extends EventEmitter<{ change: [] }> {
  #trouble: string | undefined;

  constructor() {
    super();
    // As many nodes as there are in the flows may follow one endpoint.
    this.setMaxListeners(0);
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  set(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.emit("change");
  }
}

/** A node's status: its own, or the trouble of a config node it depends on while there is any. */
export class Sign {
  readonly #node: RedNode;
  readonly #followed: Health[];
  readonly #draw = () => {
    const trouble = this.#followed.find((health) => health.trouble !== undefined)?.trouble;
    this.#node.status(trouble === undefined ? this.#own : { fill: "red", shape: "ring", text: trouble });
  };
  #own: StatusLook = {};

  constructor(node: RedNode, followed: (Health | undefined)[] = []) {
    this.#node = node;
    this.#followed = followed.filter((health) => health !== undefined);
    for (const health of this.#followed) health.on("change", this.#draw);
    this.#draw();
  }

  show(fill: StatusLook["fill"] | undefined, shape: StatusLook["shape"], text: string): void {
    this.#own = fill === undefined ? { text } : { fill, shape: shape ?? "dot", text };
    this.#draw();
  }

  close(): void {
    for (const health of this.#followed) health.off("change", this.#draw);
  }
}
