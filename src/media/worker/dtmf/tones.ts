// The tones of the keys (ITU-T Q.23): each key is one low and one high frequency.

export const lowTones = [697, 770, 852, 941] as const;
export const highTones = [1209, 1336, 1477, 1633] as const;

const rows = ["123A", "456B", "789C", "*0#D"] as const;

/** The key of a low and a high tone, by their places in the lists. */
export const keyOf = (low: number, high: number): string => rows[low]?.[high] ?? "";

/** The two frequencies of a key, or undefined where it is none. */
export function tonesOf(key: string): readonly [low: number, high: number] | undefined {
  const row = rows.findIndex((keys) => keys.includes(key));
  const low = lowTones[row];
  const high = highTones[rows[row]?.indexOf(key) ?? -1];
  return low === undefined || high === undefined || key.length !== 1 ? undefined : [low, high];
}
