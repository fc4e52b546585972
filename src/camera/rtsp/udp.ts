// Two ports for RTP and RTCP by UDP (RFC 3550 §11: an even one and the next), for packets of one address only.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { tryAgain } from "../../errors.ts";

export interface UdpPair {
  /** Of RTP; that of RTCP is the next one. */
  readonly port: number;
  /** A report, to the port of RTCP at the other side. */
  report(bytes: Buffer, port: number): void;
  close(): void;
}

const tries = 20;
// What a key frame of a camera with many pixels brings at once.
const bufferBytes = 2 ** 20;

/** `from`: the only address that is listened to. `packet` hears of channel 0, RTP, and 1, RTCP. */
export async function openPair(
  local: string,
  from: string,
  packet: (channel: 0 | 1, bytes: Buffer) => void,
): Promise<UdpPair> {
  for (let n = 0; n < tries; n++) {
    const rtp = await bound(local, 0);
    const { port } = rtp?.address() ?? { port: 1 };
    const rtcp = port % 2 === 0 ? await bound(local, port + 1) : undefined;
    if (!rtp || !rtcp) {
      rtp?.close();
      continue;
    }
    [rtp, rtcp].forEach((socket, channel) => {
      socket.on("message", (bytes, { address }) => {
        if (address === from) packet(channel === 0 ? 0 : 1, bytes);
      });
    });
    try {
      rtp.setRecvBufferSize(bufferBytes);
    } catch {
      // The system grants what it grants.
    }
    return {
      port,
      report: (bytes, to) => rtcp.send(bytes, to, from, () => {}),
      close() {
        rtp.close();
        rtcp.close();
      },
    };
  }
  throw tryAgain("no-port", "No two free UDP ports in a row were found on this machine: receive this camera by TCP");
}

async function bound(local: string, port: number): Promise<Socket | undefined> {
  const socket = createSocket(isIPv6(local) ? "udp6" : "udp4");
  try {
    socket.bind(port, local);
    await once(socket, "listening");
    return socket.on("error", () => {});
  } catch {
    socket.close();
    return undefined;
  }
}
