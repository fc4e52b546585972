// Reads the pictures of clock-film.ts from what a page shows.
import type { Page } from "playwright-core";
import { digits, height, square, width } from "../camera/clock-film.ts";

/** A picture that was seen: its number, and when, in milliseconds since 1970; -1 where it has none. */
export interface Seen {
  readonly index: number;
  readonly at: number;
}

/** How often the page could show something anew during so many milliseconds: few times where the machine is busy. */
export const turns = (page: Page, ms: number): Promise<number> =>
  page.evaluate(async (length) => {
    let count = 0;
    for (const end = performance.now() + length; performance.now() < end; count += 1)
      await new Promise(requestAnimationFrame);
    return count;
  }, ms);

/** Each picture that is shown anew during so many milliseconds. */
export const look = (page: Page, ms: number): Promise<Seen[]> =>
  page.evaluate(
    async (film) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [film.width, film.height];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const picture = document.querySelector("portero-camera")?.shadowRoot?.querySelector(".picture");
      if (!context || !picture) throw new Error("nothing to look at");
      const bit = (at: number) =>
        (context.getImageData((at + 0.5) * film.square, film.square / 2, 1, 1).data[0] ?? 0) > 128 ? 1 : 0;
      const seen: Seen[] = [];
      for (const end = performance.now() + film.ms; performance.now() < end;) {
        await new Promise(requestAnimationFrame);
        const shown = picture.lastElementChild as HTMLCanvasElement | null;
        if (!shown) continue;
        context.drawImage(shown, 0, 0, film.width, film.height);
        let index = bit(0) === 1 && bit(1) === 0 ? 0 : -1;
        for (let digit = 0; index >= 0 && digit < film.digits; digit += 1) index |= bit(digit + 2) << digit;
        if (index !== seen.at(-1)?.index) seen.push({ index, at: performance.timeOrigin + performance.now() });
      }
      return seen;
    },
    { ms, width, height, square, digits },
  );
