// Rectangles as dialogs have them: four numbers each, in percent of the camera's picture. Read by nodes and dialogs.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** "0 0 50 100; 60 0 10 10": from the left, from the top, width, height. Nothing = it does not read like that. */
export function boxesIn(text: string): Box[] | undefined {
  const boxes = text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(boxIn);
  return boxes.every((box) => box !== undefined) ? boxes : undefined;
}

function boxIn(text: string): Box | undefined {
  const parts = text.split(/\s*,\s*|\s+/);
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}(?:\.\d+)?$/.test(part))) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = parts.map(Number);
  const isWithin = width > 0 && height > 0 && x + width <= 100.000_001 && y + height <= 100.000_001;
  return isWithin ? { x, y, width, height } : undefined;
}
