// A line of text on a picture, in the bitmap letters of Open Sans (Apache 2.0) that come with jimp. They are those of
// Western Europe: others lose their accents, and what is left then becomes a question mark.
import { loadFont, measureText, measureTextHeight, Jimp } from "jimp";
import { SANS_16_WHITE, SANS_32_WHITE, SANS_64_WHITE, SANS_8_WHITE } from "jimp/fonts";

const sizes = [
  [64, SANS_64_WHITE],
  [32, SANS_32_WHITE],
  [16, SANS_16_WHITE],
  [8, SANS_8_WHITE],
] as const;
// A fifteenth of the height can be read and hides little.
const shareOfHeight = 1 / 15;
const bandColour = 0x000000b0;

/**
 * The text on a dark band for the lower edge of a picture, as wide as that: in smaller letters where it is long, cut where it is
 * too long.
 */
export async function captionStrip(
  { width, height }: { readonly width: number; readonly height: number },
  text: string,
) {
  const letters = inOpenSans(text);
  for (const [size, file] of sizes) {
    const isSmallest = size === 8;
    if (size > Math.max(8, height * shareOfHeight) && !isSmallest) continue;
    const font = await loadFont(file);
    const room = width - size;
    if (measureText(font, letters) > room && !isSmallest) continue;
    let shown = letters;
    while (shown !== "" && measureText(font, shown) > room) shown = shown.slice(0, -1);
    const band = Math.min(height, measureTextHeight(font, "X", Infinity) + Math.ceil(size / 4));
    const image = new Jimp({ width, height: band, color: bandColour });
    image.print({ font, x: Math.floor(size / 2), y: Math.floor(size / 8), text: shown });
    return { image, y: height - band };
  }
  return undefined;
}

const stroked: Readonly<Record<string, string>> = { ł: "l", Ł: "L", đ: "d", Đ: "D", ı: "i", œ: "oe", Œ: "OE", ẞ: "ß" };

/** The text in letters that the font has. */
export function inOpenSans(text: string): string {
  const simpler = text
    .normalize("NFC")
    .replaceAll(/[\u2010-\u2015]/g, "-")
    .replaceAll(/[\u2018-\u201b]/g, "'")
    .replaceAll(/[\u201c-\u201f]/g, '"')
    .replaceAll("…", "...")
    .replaceAll(/\s+/g, " ")
    .trim();
  return Array.from(simpler, (letter) => (has(letter) ? letter : (stroked[letter] ?? bare(letter)))).join("");
}

const has = (letter: string): boolean => /^[\x20-\x7e\xa1-\xff€]$/.test(letter);

function bare(letter: string): string {
  const base = letter.normalize("NFD").replaceAll(/\p{M}/gu, "");
  return base !== "" && Array.from(base).every(has) ? base : "?";
}
