// Listens to everything on an MQTT broker, from the moment that the broker is there.
import { connect, type MqttClient } from "mqtt";
import { Record } from "./record.ts";

export interface Heard {
  topic: string;
  payload: Buffer;
  retained: boolean;
}

export class Ear {
  readonly #client: MqttClient;
  readonly #record = new Record<Heard>("MQTT");

  constructor(url: string) {
    this.#client = connect(url, { reconnectPeriod: 100, clientId: "ear", protocolVersion: 4 });
    this.#client.on("error", () => {}); // The broker is not there yet.
    this.#client.on("connect", () => this.#client.subscribe("#"));
    this.#client.on("message", (topic, payload, { retain }) => this.#record.add({ topic, payload, retained: retain }));
  }

  get now(): number {
    return this.#record.now;
  }

  /** The first message of a topic, of those since `since` and to come, whose payload pleases `wanted`. */
  async hear(
    topic: string,
    wanted: (payload: string) => boolean = () => true,
    options: { since?: number } = {},
  ): Promise<string> {
    const heard = await this.#record.next((m) => m.topic === topic && wanted(m.payload.toString()), options);
    return heard.payload.toString();
  }

  /** The same for payloads in JSON. */
  async json(
    topic: string,
    wanted: (payload: { [name: string]: unknown }) => boolean = () => true,
    options: { since?: number } = {},
  ): Promise<{ [name: string]: unknown }> {
    const parse = (text: string) => JSON.parse(text) as { [name: string]: unknown };
    return parse(await this.hear(topic, (text) => wanted(parse(text)), options));
  }

  /** The payloads of a topic so far. */
  said(topic: string): Buffer[] {
    return this.#record.all.filter((m) => m.topic === topic).map((m) => m.payload);
  }

  /** The payloads of a topic from `since` on. */
  saidSince(topic: string, since: number): string[] {
    const later = this.#record.all.slice(since);
    return later.filter((m) => m.topic === topic).map((m) => m.payload.toString());
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
