declare module "idiomorph/dist/idiomorph-ext.esm.js";
declare module "htmx-ext-sse";
