// Makes that open by one address with all of it in its query.
import type { Reply, Way } from "./way.ts";

const text = (body: string, status = 200): Reply => ({ status, body });

/** "Open Relay via HTTP": user and password of its own in the query. What it says to wrong ones its maker does not tell. */
export const akuvox: Way = ({ method, path, query }, { owner, relays, move }) => {
  if (method !== "GET" || path !== "/fcgi/do" || query.get("action") !== "OpenDoor") return undefined;
  const isOwner = query.get("UserName") === owner.login && query.get("Password") === owner.password.reveal();
  const relay = query.get("DoorNum") ?? "";
  if (!isOwner) return text("Forbidden", 403);
  if (!relays.includes(relay)) return text("Bad Request", 400);
  move(relay);
  return text("OK");
};

/** VAPIX: `1:/500\` = port 1 on for 500 ms. */
export const axis: Way = ({ path, query }, { relays, move }) => {
  if (path !== "/axis-cgi/io/port.cgi") return undefined;
  const [, port = "", ms = ""] = /^(\d+):\/(\d+)\\$/.exec(query.get("action") ?? "") ?? [];
  if (!relays.includes(port)) return text("Bad Request", 400);
  move(port, Number(ms));
  return text("OK\r\n");
};

export const dahua: Way = ({ path, query }, { relays, mayOpen, move }) => {
  if (path !== "/cgi-bin/accessControl.cgi" || query.get("action") !== "openDoor") return undefined;
  const channel = query.get("channel") ?? "";
  if (!mayOpen) return text("Error\r\nForbidden\r\n", 403);
  if (!relays.includes(channel)) return text("Error\r\nBad Request!\r\n", 400);
  move(channel);
  return text("OK\r\n");
};

/** 204 = no permission, 423 = locked out. A relay of a door controller is `gggaaa@1`; without one it is the first. */
export const doorbird: Way = ({ path, query }, { relays, mayOpen, lockedOut, move }) => {
  if (path !== "/bha-api/open-door.cgi") return undefined;
  const relay = query.get("r") ?? "1";
  if (lockedOut) return { status: 423 };
  if (!mayOpen) return { status: 204 };
  if (!relays.includes(relay) && !/^[a-z]{6}@[12]$/.test(relay)) return { status: 404 };
  move(relay);
  return { type: "application/json", body: '{"BHA": {"RETURNCODE": "1"}}' };
};

/** `code` is the password for calling, `*` by default. */
export const fanvil: Way = ({ path, query }, { move }) => {
  if (path !== "/cgi-bin/ConfigManApp.com" || query.get("key") !== "F_LOCK") return undefined;
  if (query.get("code") === "*") move("1");
  return text("");
};
