/* The extensions look for htmx on the window; this module puts it there before they are read. */
import htmx from "htmx.org";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}

window.htmx = htmx;

export default htmx;
