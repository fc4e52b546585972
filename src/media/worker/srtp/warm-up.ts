// The first keys of a process take ten milliseconds, and the first packets a hundred times as long as later ones: Node loads
// OpenSSL's algorithms, then compiles. Done while nobody talks yet, no call waits for it.
import { suites, type SuiteName } from "../../suites.ts";
import { rtpPacket } from "../rtp.ts";
import { Receiver, Sender } from "./context.ts";

const packets = 20;

export function warmUp(): void {
  for (const suite of ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"] as const satisfies SuiteName[]) {
    const { keyBytes, saltBytes } = suites[suite];
    const key = { suite, key: Buffer.alloc(keyBytes + saltBytes).toString("base64") };
    const [sender, receiver] = [new Sender(key), new Receiver(key)];
    for (let sequence = 0; sequence < packets; sequence++) {
      const sealed = sender.protect(rtpPacket(sequence, 0, Buffer.alloc(160)));
      if (sealed) receiver.unprotect(sealed);
    }
  }
}
