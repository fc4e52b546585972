// The tones of telephone networks as data. ITU-T E.180/Q.35 says what each is for; the frequencies and cadences of each
// country stand in "Various tones used in national networks according to ITU-T Recommendation E.180" (Annex to ITU
// Operational Bulletin No. 781, 1 February 2003, formerly E.180 Supplement 2), which many exchanges' tables copy. Where a
// network has its own: Australia ACIF S002, New Zealand PTC TNA 102, Singapore IDA TS PSTN1, United Kingdom BT SIN 350,
// Russia GOST 45.223, North America Telcordia GR-506. A tone that a country does not specify is the one of E.180.

/** What the visitor is told: it rings; somebody talks; no way free; there is no such thing. */
export const toneNames = ["ring-back", "busy", "congestion", "special-information"] as const;
export type ToneName = (typeof toneNames)[number];

/** Where no country is named: 425 Hz, as in most of Europe. */
export const usualCountry = "de";

/** A piece of a tone: frequencies in Hz that sound together (none: silence), for so many milliseconds. */
export interface Segment {
  readonly frequencies: readonly number[];
  /** Hz: how often it swells and fades in a second. */
  readonly modulation?: number;
  readonly ms: number;
}

/** One period; it begins anew at its end. */
export type Cadence = readonly Segment[];

/** E.180 §8: three tones in ascending order, then a pause. */
const special = "950/330 1400/330 1800/330 0/1000";

/**
 * Name, ring-back, busy, congestion, and special information where it is not that of E.180. `425/1000 0/4000` is 425 Hz for
 * a second and four seconds of silence, `a+b` two frequencies at once, `a*b` the first swelling with the second.
 */
const table = {
  at: ["Austria", "420/1000 0/5000", "420/400 0/400", "420/200 0/200", "950/330 1450/330 1850/330 0/1000"],
  au: [
    "Australia",
    "413+438/400 0/200 413+438/400 0/2000",
    "425/375 0/375",
    "425/375 0/375 420/375 0/375",
    "425/2500 0/500",
  ],
  be: ["Belgium", "425/1000 0/3000", "425/500 0/500", "425/167 0/167", "900/330 1400/330 1800/330 0/1000"],
  bg: ["Bulgaria", "425/1000 0/4000", "425/500 0/500", "425/250 0/250"],
  br: ["Brazil", "425/1000 0/4000", "425/250 0/250", "425/250 0/250 425/750 0/250"],
  ca: ["Canada", "440+480/2000 0/4000", "480+620/500 0/500", "480+620/250 0/250"],
  ch: ["Switzerland", "425/1000 0/4000", "425/500 0/500", "425/200 0/200"],
  cl: ["Chile", "400/1000 0/3000", "400/500 0/500", "400/200 0/200"],
  cn: [
    "China",
    "450/1000 0/4000",
    "450/350 0/350",
    "450/700 0/700",
    "450/100 0/100 450/100 0/100 450/100 0/100 450/400 0/400",
  ],
  cz: ["Czechia", "425/1000 0/4000", "425/330 0/330", "425/165 0/165", "950/330 0/30 1400/330 0/30 1800/330 0/1000"],
  de: ["Germany", "425/1000 0/4000", "425/480 0/480", "425/240 0/240"],
  dk: ["Denmark", "425/1000 0/4000", "425/500 0/500", "425/200 0/200"],
  ee: ["Estonia", "425/1000 0/4000", "425/300 0/300", "425/200 0/200"],
  es: ["Spain", "425/1500 0/3000", "425/200 0/200", "425/200 0/200 425/200 0/200 425/200 0/600"],
  fi: ["Finland", "425/1000 0/4000", "425/300 0/300", "425/200 0/200"],
  fr: ["France", "440/1500 0/3500", "440/500 0/500", "440/250 0/250"],
  gb: [
    "United Kingdom",
    "400+450/400 0/200 400+450/400 0/2000",
    "400/375 0/375",
    "400/400 0/350 400/225 0/525",
    "950/330 0/15 1400/330 0/15 1800/330 0/1000",
  ],
  gr: ["Greece", "425/1000 0/4000", "425/300 0/300", "425/200 0/200"],
  hu: ["Hungary", "425/1250 0/3750", "425/300 0/300", "425/300 0/300"],
  id: ["Indonesia", "425/1000 0/4000", "425/500 0/500", "425/250 0/250"],
  il: ["Israel", "414/1000 0/3000", "414/500 0/500", "414/250 0/250", "1000/330 1400/330 1800/330 0/1000"],
  in: ["India", "400*25/400 0/200 400*25/400 0/2000", "400/750 0/750", "400/250 0/250"],
  it: ["Italy", "425/1000 0/4000", "425/500 0/500", "425/200 0/200"],
  jp: ["Japan", "400*16/1000 0/2000", "400/500 0/500", "400/500 0/500"],
  lt: ["Lithuania", "425/1000 0/4000", "425/350 0/350", "425/200 0/200"],
  mx: ["Mexico", "425/1000 0/4000", "425/250 0/250", "425/250 0/250"],
  my: ["Malaysia", "425/400 0/200 425/400 0/2000", "425/500 0/500", "425/500 0/500"],
  nl: ["Netherlands", "425/1000 0/4000", "425/500 0/500", "425/250 0/250"],
  no: ["Norway", "425/1000 0/4000", "425/500 0/500", "425/200 0/200"],
  nz: [
    "New Zealand",
    "400+450/400 0/200 400+450/400 0/2000",
    "400/500 0/500",
    "400/250 0/250",
    "400/750 0/100 400/750 0/100 400/750 0/100 400/750 0/400",
  ],
  ph: ["Philippines", "425+480/1000 0/4000", "480+620/500 0/500", "480+620/250 0/250"],
  pl: ["Poland", "425/1000 0/4000", "425/500 0/500", "425/500 0/500"],
  pt: ["Portugal", "425/1000 0/5000", "425/500 0/500", "425/200 0/200"],
  ru: ["Russia", "425/1000 0/4000", "425/350 0/350", "425/175 0/175"],
  se: ["Sweden", "425/1000 0/5000", "425/250 0/250", "425/250 0/750", "950/332 0/24 1400/332 0/24 1800/332 0/2024"],
  sg: ["Singapore", "425*24/400 0/200 425*24/400 0/2000", "425/750 0/750", "425/250 0/250"],
  th: ["Thailand", "420/1000 0/5000", "400/500 0/500", "400/300 0/300"],
  tw: ["Taiwan", "440+480/1000 0/2000", "480+620/500 0/500", "480+620/250 0/250"],
  us: ["United States", "440+480/2000 0/4000", "480+620/500 0/500", "480+620/250 0/250"],
  ve: ["Venezuela", "425/1000 0/4000", "425/500 0/500", "425/250 0/250"],
  za: ["South Africa", "400*33/400 0/200 400*33/400 0/2000", "400/500 0/500", "400/250 0/250"],
} satisfies Record<string, readonly [name: string, ring: string, busy: string, congestion: string, special?: string]>;

/** ISO 3166-1 alpha-2, in lower case. */
export type Country = keyof typeof table;
export const countries = Object.keys(table) as Country[];

export const countryName = (country: Country): string => table[country][0];

/** One period of a country's tone. */
export function cadenceOf(tone: ToneName, country: Country): Cadence {
  const written = table[country][1 + toneNames.indexOf(tone)] ?? special;
  return written.split(" ").map((segment): Segment => {
    const [pitch = "", ms] = segment.split("/");
    const [sounds = "", modulation] = pitch.split("*");
    const frequencies = sounds.split("+").map(Number).filter(Boolean);
    return { frequencies, ms: Number(ms), ...(modulation !== undefined && { modulation: Number(modulation) }) };
  });
}
