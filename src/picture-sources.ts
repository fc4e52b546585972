// Ways to a door's picture: a JPEG by HTTP, the first one of a film of JPEGs by HTTP, a whole picture of an RTSP stream, and one
// of the video of a call that stands.
export const sourceKinds = ["jpeg", "mjpeg", "rtsp", "call"] as const;
export type SourceKind = (typeof sourceKinds)[number];
