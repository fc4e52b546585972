// Where one port's peer really is (symmetric RTP, RFC 4961): the SDP's address, else the first source that passes the
// checks, then locked until the next offer. A source other than the SDP's must show two packets in sequence (the probation
// of RFC 3550 A.1), and gives way once to the SDP's own address, so that a stranger who is quicker does not keep the call.
// Another host than the SDP's is none where the signalling comes from that one, too: a quicker stranger's keys might open a door.
// With SRTP none of this guessing is needed: where authentic packets come from is known.
import { ahead } from "./rtp.ts";

export class Latch {
  /** Where to send; undefined = nowhere yet. */
  address: string | undefined;
  port = 0;
  #saidAddress: string | undefined;
  #saidPort = 0;
  #near = false;
  #state: "open" | "guessed" | "declared" = "open";
  // The candidate on probation.
  #tryAddress = "";
  #tryPort = 0;
  #trySsrc = 0;
  #trySequence = 0;

  get locked(): boolean {
    return this.#state === "guessed" || this.#state === "declared";
  }

  /**
   * A new offer or answer: opens the latch again. The way found so far stays in use while the SDP says the same. `near`: the peer is
   * at that host, beyond doubt.
   */
  expect(address: string | undefined, port: number, near = false): void {
    if (address !== this.#saidAddress || port !== this.#saidPort) {
      this.address = address;
      this.port = address === undefined ? 0 : port;
    }
    this.#saidAddress = address;
    this.#saidPort = port;
    this.#near = near;
    this.#state = "open";
    this.#tryAddress = "";
  }

  /** Whether a packet that passed the checks comes from our peer. */
  admits(address: string, port: number, ssrc: number, sequence: number): boolean {
    const current = address === this.address && port === this.port;
    if (this.#state === "declared") return current;
    if (address === this.#saidAddress && port === this.#saidPort) {
      this.#lock("declared", address, port);
      return true;
    }
    if (this.#state === "guessed") return current;
    if (this.#near && address !== this.#saidAddress) return false;
    if (current || this.#passedProbation(address, port, ssrc, sequence)) {
      this.#lock("guessed", address, port);
      return true;
    }
    return false;
  }

  /** An authentic packet came from there (SRTP): whatever was held before, there is our peer. */
  follow(address: string, port: number): void {
    this.#lock("guessed", address, port);
  }

  #passedProbation(address: string, port: number, ssrc: number, sequence: number): boolean {
    const sameSource = address === this.#tryAddress && port === this.#tryPort && ssrc === this.#trySsrc;
    if (sameSource && ahead(sequence, this.#trySequence) === 1) return true;
    this.#tryAddress = address;
    this.#tryPort = port;
    this.#trySsrc = ssrc;
    this.#trySequence = sequence;
    return false;
  }

  #lock(state: "guessed" | "declared", address: string, port: number): void {
    this.#state = state;
    this.address = address;
    this.port = port;
  }
}
