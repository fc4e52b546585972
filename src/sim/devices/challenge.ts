// Grandstream GDS37xx: opens in two steps. It gives a challenge; who answers with the MD5 of challenge, remote PIN and the
// administrator's password may open. Both are answered with 200; ResCode 0 is yes.
import { createHash, randomBytes } from "node:crypto";
import type { Reply, Way } from "./way.ts";

const xml = (body: string): Reply => ({
  type: "text/xml;charset=UTF-8",
  body: `<?xml version="1.0" encoding="UTF-8" ?>\n<Configuration>\n${body}\n</Configuration>\n`,
});

const result = (code: number, message: string) => xml(`<ResCode>${code}</ResCode>\n<RetMsg>${message}</RetMsg>`);

export const grandstream: Way = ({ path, query }, { owner, mayOpen, memory, move }) => {
  if (path !== "/goform/apicmd") return undefined;
  if (!mayOpen) return result(1, "HTTP API to open door is disabled");
  if (query.get("user") !== owner.login) return result(1, "Authentication error");
  if (query.get("cmd") === "0") {
    const [challenge, id] = [randomBytes(16).toString("hex"), randomBytes(15).toString("base64")];
    memory.set(id, challenge);
    return xml(
      `<ResCode>0</ResCode>\n<ChallengeCode>${challenge}</ChallengeCode>\n<IDCode>${id}</IDCode>\n<RetMsg>OK</RetMsg>`,
    );
  }
  const id = query.get("idcode") ?? "";
  const challenge = memory.get(id);
  memory.delete(id);
  const wanted = createHash("md5")
    .update(`${challenge}:${owner.pin ?? "1234"}:${owner.password.reveal()}`)
    .digest("hex");
  if (challenge === undefined || query.get("authcode") !== wanted) return result(1, "Authentication error");
  // 1 opens, 2 closes.
  if (query.get("type") === "1") move("1");
  return result(0, "Authentication OK");
};
