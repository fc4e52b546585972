// The icons of a door's buttons.
const paths = {
  phone:
    "M6.6 10.8a15 15 0 006.6 6.6l2.2-2.2a1 1 0 011-.25 11 11 0 003.6.6 1 1 0 011 1V20a1 1 0 01-1 1A17 17 0 013 4a1 1 0 011-1h3.5a1 1 0 011 1 11 11 0 00.6 3.6 1 1 0 01-.25 1z",
  hangUp:
    "M12 9c-1.6 0-3.2.3-4.6.7v3.1a1 1 0 01-.6.9 12 12 0 00-2.7 1.8 1 1 0 01-1.4 0L.3 13.1a1 1 0 010-1.4 17 17 0 0123.4 0 1 1 0 010 1.4l-2.4 2.4a1 1 0 01-1.4 0 12 12 0 00-2.7-1.8 1 1 0 01-.6-.9V9.7A15 15 0 0012 9z",
  microphone:
    "M12 14a3 3 0 003-3V5a3 3 0 00-6 0v6a3 3 0 003 3zm5.3-3a5.3 5.3 0 01-10.6 0H5a7 7 0 006 6.9V21h2v-3.1A7 7 0 0019 11z",
  muted:
    "M19 11h-1.7c0 .7-.2 1.4-.4 2.1l1.2 1.2a7 7 0 00.9-3.3zm-4 .2V5a3 3 0 00-6 0v.2zM4.3 3L3 4.3l6 6V11a3 3 0 003.7 2.9l1.6 1.7a5.3 5.3 0 01-7.6-4.6H5a7 7 0 006 6.9V21h2v-3.1a7 7 0 002.5-.9l4.2 4.2 1.3-1.3z",
  key: "M21 10h-8.35A5.99 5.99 0 007 6a6 6 0 000 12 5.99 5.99 0 005.65-4H13l2 2 2-2 2 2 4-4.04zM7 15a3 3 0 110-6 3 3 0 010 6z",
} as const;

export function icon(name: keyof typeof paths): SVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const [svg, path] = [document.createElementNS(ns, "svg"), document.createElementNS(ns, "path")];
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
