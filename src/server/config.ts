// The file that `npm run server` is given: listeners, extensions, doors, and a strategy per door.
import { readFile } from "node:fs/promises";
import type { FromSchema } from "json-schema-to-ts";
import { giveUp, sentence } from "../errors.ts";
import { numberSchema } from "../number.ts";
import { checker } from "../schema.ts";
import { guardSchema } from "../sip/guard/settings.ts";
import { doorFields } from "../door/settings.ts";
import { deviceFields } from "../visit/numbers/devices.ts";
import { groupSchema } from "../visit/numbers/groups.ts";
import { parkingSchema } from "../visit/places/parking-settings.ts";
import { conferenceSchema } from "../visit/places/rooms.ts";
import { usualDndCodes } from "../visit/settings.ts";
import { listenerSchema } from "./listeners.ts";
import { callsSchema } from "../sip/dialog/settings.ts";

const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    sip: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        realm: { type: "string", pattern: '^[^"\\\\]+$' },
        maxCalls: { type: "integer", minimum: 1 },
        traceMessages: { type: "integer", minimum: 0, maximum: 50_000 },
        expiry: {
          type: "object",
          additionalProperties: false,
          properties: { least: { type: "integer" }, usual: { type: "integer" }, most: { type: "integer" } },
        },
        calls: callsSchema,
        algorithms: {
          type: "array",
          minItems: 1,
          uniqueItems: true,
          items: { enum: ["MD5", "SHA-256"] },
        },
        guard: guardSchema,
        listeners: {
          type: "array",
          minItems: 1,
          default: [{ transport: "udp" }, { transport: "tcp" }],
          items: listenerSchema,
        },
      },
    },
    folder: { type: "string", minLength: 1 },
    devices: { type: "object", additionalProperties: false, properties: deviceFields },
    dndCodes: {
      type: "object",
      additionalProperties: false,
      default: usualDndCodes,
      properties: { on: numberSchema, off: numberSchema },
    },
    media: {
      type: "object",
      additionalProperties: false,
      properties: {
        bind: { type: "string" },
        advertise: { type: "string" },
        ports: { type: "array", items: { type: "integer", minimum: 0, maximum: 65535 }, minItems: 2, maxItems: 2 },
        rtpengine: { type: "array", minItems: 1, items: { type: "string" } },
        rtpengineDigits: { type: "string" },
        statsSeconds: { type: "integer", minimum: 0, maximum: 3600 },
      },
    },
    extensions: {
      type: "array",
      default: [],
      items: {
        type: "object",
        additionalProperties: false,
        required: ["extension", "password"],
        properties: {
          extension: { type: "string" },
          name: { type: "string", default: "" },
          login: { type: "string" },
          password: { type: "string" },
          maxContacts: { type: "integer", minimum: 1 },
          ...deviceFields,
        },
      },
    },
    groups: { type: "array", default: [], items: groupSchema },
    rooms: { type: "array", default: [], items: conferenceSchema },
    parking: { type: "array", default: [], items: parkingSchema },
    doors: {
      type: "array",
      default: [],
      items: {
        type: "object",
        required: ["id", "name", "extension", "password"],
        properties: {
          ...doorFields,
          preset: { type: "string", default: "generic" },
          ...deviceFields,
          strategy: { type: "object" },
        },
        additionalProperties: false,
      },
    },
  },
} as const;

export type ServerConfig = FromSchema<typeof schema>;
const check = checker("config", schema);

/** @throws PorteroError `invalid`, naming the field */
export const checkConfig = (value: unknown): ServerConfig => check(value);

/** @throws PorteroError `invalid`, `no-config` */
export async function readConfig(file: string): Promise<ServerConfig> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw giveUp("no-config", `the config ${file} cannot be read: ${sentence(error)}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The parser's own message would quote the file, passwords included.
    throw giveUp("invalid", `the config ${file} is not JSON`, { cause: error });
  }
  return checkConfig(value);
}
