// A button that wants to be held, so that no brush against a tablet on the wall opens a door. The keyboard holds Enter or
// the space bar; who uses neither (a screen reader's click) is asked.

export interface Holding {
  /** It was held long enough. */
  readonly held: () => void;
  /** It was let go too early. */
  readonly early: () => void;
  /** Whether a click that nobody can hold is meant. */
  readonly sure: () => boolean;
}

const holdMs = 900;

export function holdButton(button: HTMLButtonElement, { held, early, sure }: Holding): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (done: boolean) => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    button.classList.remove("held");
    if (done) held();
    else early();
  };
  const begin = () => {
    if (timer !== undefined || button.disabled) return;
    button.classList.add("held");
    timer = setTimeout(() => end(true), holdMs);
  };
  button.style.setProperty("--hold", `${holdMs}ms`);
  button.addEventListener("pointerdown", (event) => {
    if (event.button === 0) begin();
  });
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"])
    button.addEventListener(name, () => end(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  const isOurs = ({ key }: KeyboardEvent) => key === "Enter" || key === " ";
  button.addEventListener("keydown", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    end(false);
  });
  button.addEventListener("click", ({ detail }) => {
    if (detail === 0 && timer === undefined && sure()) held();
  });
}
