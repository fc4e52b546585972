// With which login and password a device registered, so that one whose password was changed since is known no longer: 20 bits,
// too few to find the password by, and enough to see that it is another one.
import { hash } from "node:crypto";
import type { Secret } from "../../secret.ts";

interface Login {
  readonly login: string;
  readonly password: Secret;
}

export const markOf = (salt: string, { login, password }: Login): string =>
  `${salt}.${hash("sha256", [salt, login, password.reveal()].join("|"), "hex").slice(0, 5)}`;

/** Whether a device that bears this mark showed that password; one without a mark may have. */
export const isMarkOf = (mark: string | undefined, login: Login): boolean =>
  mark === undefined || markOf(mark.split(".")[0] ?? "", login) === mark;
