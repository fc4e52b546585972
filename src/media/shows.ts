// Sessions whose peers see what another one's camera sends before they talk with it (X7).
import type { Agreed } from "./negotiate.ts";
import { routes } from "./negotiate.ts";
import type { ToWorker } from "./worker/messages.ts";

/** What it needs of a session. */
interface Party {
  readonly number: number;
  agreed(kind: "video"): Agreed | undefined;
}

export class Shows {
  readonly #post: (message: ToWorker) => void;
  /** Whose camera it is that a session sees. */
  readonly #cameras = new Map<Party, Party>();

  constructor(post: (message: ToWorker) => void) {
    this.#post = post;
  }

  show(camera: Party, to: Party): void {
    this.#cameras.set(to, camera);
    this.#renew(camera, to);
  }

  /** What a session sends or takes may be something else now. */
  renegotiated(session: Party): void {
    for (const [to, camera] of this.#cameras) if (to === session || camera === session) this.#renew(camera, to);
  }

  /** The session gets from now on what it is bridged with; from the same camera that goes on without a gap. */
  bridged(session: Party, other: Party): void {
    const camera = this.#cameras.get(session);
    if (camera && camera !== other)
      this.#post({ type: "show", session: camera.number, to: session.number, routes: [] });
    this.#cameras.delete(session);
  }

  /** The session is closed. */
  leave(session: Party): void {
    this.#cameras.delete(session);
    for (const [to, camera] of this.#cameras) if (camera === session) this.#cameras.delete(to);
  }

  end(): void {
    this.#cameras.clear();
  }

  #renew(camera: Party, to: Party): void {
    const [source, target] = [camera.agreed("video"), to.agreed("video")];
    if (!source || !target) return;
    this.#post({ type: "show", session: camera.number, to: to.number, routes: routes(source, target) });
  }
}
