// Asterisk as the peer beside ours: like ours a party to every call, on the core of the program under test.
import { findProgram } from "../scripts/peers.ts";
import { Asterisk } from "../test/peers/asterisk.ts";
import { cpuMsOfTree, onItsCore } from "./machine.ts";
import { password } from "./server.ts";
import { phonePort } from "./sipp.ts";
import type { Theirs } from "./kamailio.ts";

/** Where it is there; said on the way where it is not. */
export function findAsterisk(progress: (text: string) => void): boolean {
  const found = findProgram("asterisk") !== undefined;
  if (!found) progress("There is no Asterisk (as root, node scripts/peers.ts unpacks one): no figures beside ours");
  return found;
}

/** Rings all devices of the number that is called; media goes through it, as through ours. @throws Error with what it said */
export async function startAsterisk(folder: string, numbers: readonly string[]): Promise<Theirs> {
  const port = await phonePort(24_070);
  const endpoints = numbers.map(
    (n) => `[${n}](phone)\nauth=${n}\naors=${n}\n[${n}](login)\nusername=${n}\n[${n}](place)\n`,
  );
  const server = await Asterisk.start({
    ...{ folder, port, command: onItsCore },
    pjsip: [
      "[phone](!)\ntype=endpoint\ncontext=bench\ndisallow=all\nallow=alaw,ulaw\ndirect_media=no",
      `[login](!)\ntype=auth\nauth_type=userpass\npassword=${password}`,
      "[place](!)\ntype=aor\nmax_contacts=2\nremove_existing=yes",
      ...endpoints,
    ].join("\n"),
    extensions: "[bench]\nexten => _X.,1,Dial(${PJSIP_DIAL_CONTACTS(${EXTEN})})\n",
  });
  return {
    address: { host: "127.0.0.1", port },
    cpu: () => cpuMsOfTree(server.child.pid ?? 0),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
