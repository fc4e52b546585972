// The event socket between Node-RED and its editor: what debug nodes show, and the nodes' statuses.
import { once } from "node:events";
import { Record } from "./record.ts";

interface Event {
  topic: string;
  data: { [name: string]: unknown };
}

/** What a debug node shows. Objects come as JSON, longer text may be cut by Node-RED. */
export interface Debug {
  id: string;
  name: string;
  value: unknown;
}

export interface Status {
  fill?: string;
  shape?: string;
  text?: string;
}

export class Comms {
  readonly #socket: WebSocket;
  readonly #record = new Record<Event>("Node-RED's events");

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const parsed = JSON.parse(String(data)) as Event | Event[];
      for (const event of Array.isArray(parsed) ? parsed : [parsed]) this.#record.add(event);
    });
  }

  static async open(editor: string): Promise<Comms> {
    const socket = new WebSocket(new URL("comms", editor.replace("http", "ws")));
    const comms = new Comms(socket);
    await once(socket, "open");
    for (const topic of ["debug", "status/#", "notification/#"]) socket.send(JSON.stringify({ subscribe: topic }));
    return comms;
  }

  get now(): number {
    return this.#record.now;
  }

  /** The first message of debug node `id`, of those since `since` and to come, that pleases `wanted`. */
  async debug(id: string, wanted: (value: unknown) => boolean, options = {}): Promise<unknown> {
    const mine = ({ topic, data }: Event) => topic === "debug" && data["id"] === id && wanted(valueOf(data));
    return valueOf((await this.#record.next(mine, options)).data);
  }

  /** The first status of node `id`, of those since `since` (the last one is told at once) and to come, that pleases `wanted`. */
  async status(id: string, wanted: (status: Status) => boolean, options = {}): Promise<Status> {
    const mine = ({ topic, data }: Event) => topic === `status/${id}` && wanted(data);
    return (await this.#record.next(mine, options)).data;
  }

  /** The last status of each node that has told one since `since`. */
  statuses(since = 0): Map<string, Status> {
    const mine = this.#record.all.slice(since).filter(({ topic }) => topic.startsWith("status/"));
    return new Map(mine.map(({ topic, data }) => [topic.slice("status/".length), data as Status]));
  }

  close(): void {
    this.#socket.close();
  }
}

function valueOf({ msg, format }: Event["data"]): unknown {
  if (typeof msg !== "string" || typeof format !== "string" || !/^(Object|array)/.test(format)) return msg;
  return JSON.parse(msg) as unknown;
}
