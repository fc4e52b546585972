// What the worker is told of the far end of a leg.
import type { Gateway } from "./gateway.ts";
import { mayReceive, maySend, type Agreed } from "./negotiate.ts";
import { keysOf } from "./sdes.ts";
import type { Remote } from "./worker/messages.ts";

/** The far end of a leg's m-line, as the worker is told of it; `host`: with whom the call is. */
export function remoteOf(agreed: Agreed, gateway: Gateway | undefined, host: string | undefined): Remote {
  const { remote, secured, webrtc } = agreed;
  return {
    address: remote.address,
    port: remote.port,
    near: host !== undefined && remote.address === host,
    rtcpAddress: remote.rtcp?.address,
    rtcpPort: remote.rtcp?.port ?? Math.min(65_535, remote.port + 1),
    mux: remote.mux,
    feedback: remote.feedback,
    parameterSets: parameterSetsOf(agreed),
    send: maySend(agreed),
    receive: mayReceive(agreed),
    away: agreed.away ?? false,
    sends: agreed.send,
    receives: agreed.receive,
    ...(secured && { srtp: keysOf(secured) }),
    ...(webrtc && gateway && { way: gateway.way(webrtc) }),
  };
}

// What the peer itself wrote: our answer may name the other leg's.
function parameterSetsOf({ remote }: Agreed): string | undefined {
  const parameters = remote.formats.find(({ name }) => name === "H264")?.fmtp ?? "";
  return /(?:^|;)\s*sprop-parameter-sets=([\w+/=,]+)/i.exec(parameters)?.[1];
}
