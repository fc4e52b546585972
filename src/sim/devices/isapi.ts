// Hikvision's ISAPI: PUT with a command in XML; ResponseStatus tells.
import type { Way } from "./way.ts";

const status = (path: string, code: number, text: string, sub: string) =>
  `<?xml version="1.0" encoding="UTF-8" ?>\n<ResponseStatus version="1.0">\n<requestURL>${path}</requestURL>\n` +
  `<statusCode>${code}</statusCode>\n<statusString>${text}</statusString>\n<subStatusCode>${sub}</subStatusCode>\n</ResponseStatus>\n`;

export const hikvision: Way = ({ method, path, body }, { mayOpen, relays, move }) => {
  const answer = (code: number, text: string, sub: string, http = 200) => ({
    ...{ status: http, type: "application/xml", body: status(path, code, text, sub) },
  });
  const [, door] = /^\/ISAPI\/AccessControl\/RemoteControl\/door\/(\w+)$/.exec(path) ?? [];
  if (door === undefined) return undefined;
  if (method !== "PUT") return answer(4, "Invalid Operation", "methodNotAllowed", 405);
  if (!mayOpen) return answer(4, "Invalid Operation", "lowPrivilege", 403);
  if (!relays.includes(door)) return answer(4, "Invalid Operation", "notSupport", 403);
  if (!/<RemoteControlDoor[^>]*>\s*<cmd>open<\/cmd>\s*<\/RemoteControlDoor>/.test(body))
    return answer(6, "Invalid XML Content", "badXmlContent", 400);
  move(door);
  return answer(1, "OK", "ok");
};
