// Passwords that somebody types into a camera's URL: they move to the credential fields when the dialog is saved (P7).
import { text, type Words } from "./dialog.ts";
import type { Editor, Property, Query } from "./red.d.ts";

declare const RED: Editor;

/** Of a certificate (SHA-256), or nothing. */
export const fingerprint = /^$|^[0-9a-f]{64}$|^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i;

/** `http://user:pass@host/…` as the URL without, and the user and password. The user part ends at the last @. */
export function splitUrl(url: string): { url: string; user: string; password: string } | undefined {
  const found = /^([a-z]+:\/\/)([^/?#]*)@([^@/?#]+.*)$/i.exec(url);
  if (!found) return undefined;
  const [, scheme = "", login = "", rest = ""] = found;
  const colon = login.indexOf(":");
  return {
    url: scheme + rest,
    user: plain(colon < 0 ? login : login.slice(0, colon)),
    password: plain(colon < 0 ? "" : login.slice(colon + 1)),
  };
}

function plain(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // A raw % in a password that somebody typed by hand.
  }
}

/** `…?usr=admin&pwd=…` as the URL with placeholders, and the user and password that stood there. */
export function splitQuery(url: string): { url: string; user: string; password: string } | undefined {
  const found = { user: "", password: "" };
  const swapped = url.replace(/([?&])([^=&#]*)=([^&#]*)/g, (all, mark: string, name: string, value: string) => {
    const word = /pass|pwd/i.test(name) ? "password" : /^(user|usr|login|account)/i.test(name) ? "user" : undefined;
    if (word === undefined || value === "" || value.startsWith("{")) return all;
    found[word] = plain(value);
    return `${mark}${name}={${word}}`;
  });
  // A user alone is no secret, and may mean something else.
  return found.password === "" ? undefined : { url: swapped, ...found };
}

const splitAll: typeof splitUrl = (url) => splitUrl(url) ?? splitQuery(url);

/** Whether an exported flow would show a password in it. */
export const holdsLogin = (url: unknown): boolean => (splitAll(text(url))?.password ?? "") !== "";

/** A field for a file or the URL of one, which has no fields for a login beside it. */
export const soundField = (words: Words, value = ""): Property => ({
  value,
  validate: (given, _options) => !holdsLogin(given) || words("error.sound-login"),
});

/** Takes user and password out of a URL's field and puts them where they are kept. */
export function moveLogin(field: Query, user: Query, password: Query, words: Words, find = splitAll): void {
  const split = find(text(field.val()));
  if (!split) return;
  field.val(split.url);
  if (split.user !== "") user.val(split.user);
  if (split.password !== "") password.val(split.password);
  RED.notify(words("label.moved"), "success");
}
