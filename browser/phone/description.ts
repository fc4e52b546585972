// What SIP.js asks of the browser's own telephone (WebRTC): descriptions of what it takes and sends (RFC 8829). Sound goes
// both ways, or comes only where there is no microphone; video only comes. The other side is found by what it says alone
// (ICE lite, RFC 8445 §2.5), so that nobody outside is asked where we are. Where the visitor is seen before the answer, it is
// made while it rings, and the microphone comes later.
import type { BodyAndContentType, SessionDescriptionHandler } from "sip.js";

const contentType = "application/sdp";

export interface Hearing {
  /** Whether sound is to go out, and what is sent just now; nothing where that is absent. */
  sends(): boolean;
  microphone(): MediaStreamTrack | undefined;
  /** Something is heard or seen, or is not any more. */
  came(stream: MediaStream): void;
  /** There is a way to the other side. */
  reached(): void;
  /** It is gone, or there is none. */
  lost(): void;
}

export class Description implements SessionDescriptionHandler {
  readonly #hearing: Hearing;
  readonly #connection = new RTCPeerConnection({
    bundlePolicy: "max-bundle",
    rtcpMuxPolicy: "require",
    iceServers: [],
  });
  readonly #stream = new MediaStream();

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
    const connection = this.#connection;
    connection.ontrack = ({ track }) => {
      this.#stream.addTrack(track);
      hearing.came(this.#stream);
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "connected") hearing.reached();
      if (connection.connectionState === "failed") hearing.lost();
    };
  }

  close(): void {
    this.#connection.close();
  }

  hasDescription(type: string): boolean {
    return type === contentType;
  }

  async setDescription(sdp: string): Promise<void> {
    const type = this.#connection.signalingState === "have-local-offer" ? "answer" : "offer";
    await this.#connection.setRemoteDescription({ type, sdp });
  }

  async getDescription(): Promise<BodyAndContentType> {
    const connection = this.#connection;
    const isAnswer = connection.signalingState === "have-remote-offer";
    if (connection.getTransceivers().length === 0) connection.addTransceiver("audio");
    for (const transceiver of connection.getTransceivers()) {
      const sends = transceiver.receiver.track.kind === "audio" && this.#hearing.sends();
      transceiver.direction = sends ? "sendrecv" : "recvonly";
    }
    await this.speak();
    await connection.setLocalDescription(isAnswer ? await connection.createAnswer() : await connection.createOffer());
    return { body: connection.localDescription?.sdp ?? "", contentType };
  }

  /** Sends the microphone, of which nothing has to be said anew where sound goes out already. */
  async speak(): Promise<void> {
    for (const { sender, direction } of this.#connection.getTransceivers())
      await sender.replaceTrack((direction === "sendrecv" && this.#hearing.microphone()) || null);
  }

  async rollbackDescription(): Promise<void> {
    await this.#connection.setLocalDescription({ type: "rollback" });
  }

  /** A door is opened by Node-RED, which knows how. */
  sendDtmf(): boolean {
    return false;
  }
}
