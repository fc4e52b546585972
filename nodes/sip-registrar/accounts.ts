// What the registrar tells of the accounts of its endpoint: config nodes have neither outputs nor a status of their own.
import { giveUp } from "../../src/errors.ts";
import type { AccountStatus } from "../../src/sip/account/account.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import type { Message } from "../red.d.ts";

const outputs = { registered: 0, unregistered: 1, failed: 1 } as const;

/** Calls `send` with a message and the output it goes to, each time that something becomes of an account. */
export function tellAccounts(switchboard: Switchboard, send: (output: number, msg: Message) => void): () => void {
  const listener = (event: keyof typeof outputs, status: AccountStatus) =>
    send(outputs[event], { topic: `${status.account}/${event}`, event, payload: status });
  switchboard.on("account", listener);
  return () => switchboard.off("account", listener);
}

/** What is wrong with the first account that is not registered. */
export function accountTrouble(switchboard: Switchboard): string | undefined {
  const failed = switchboard.accounts().find(({ state }) => state === "failed");
  return failed && `${failed.label}: ${failed.text ?? "not registered"}`;
}

export interface AccountDnd {
  readonly action: "account-dnd";
  readonly account: string;
  readonly on: boolean;
}

/** Reads `{"action":"dnd","account":"provider","on":true}`; nothing where it speaks of no account. */
export function accountCommand({ account, on }: Readonly<Record<string, unknown>>): AccountDnd | undefined {
  if (account === undefined) return undefined;
  if (typeof account === "string" && typeof on === "boolean") return { action: "account-dnd", account, on };
  throw giveUp("invalid", 'dnd: which account, on or off? {"action":"dnd","account":"provider","on":true}');
}

/** Does it, and gives what its server answered (A5). */
export const accountDnd = async (switchboard: Switchboard, { account, on }: AccountDnd): Promise<object> => ({
  ...{ account, on },
  ...(await switchboard.setAccountDnd(account, on)),
});
