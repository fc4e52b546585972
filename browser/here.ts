// Where a script of ours was loaded from: the doors' addresses lie beside it. To be asked while it is loaded.

/**
 * The address of the script that runs. Without a name and a password that stand in a page's own (a tablet's kiosk is often
 * given them so): WebKit keeps them there, and no browser asks by an address that has them.
 */
export function here(script: string): URL {
  const { src } = (document.currentScript as HTMLScriptElement | null) ?? { src: `portero/${script}` };
  const url = new URL(src, document.baseURI);
  url.username = url.password = "";
  return url;
}
