/* Every page's script. Pages can be read and all forms sent without it. */
import "./htmx";
import "htmx-ext-sse";
import "idiomorph/dist/idiomorph-ext.esm.js";

import { watchConfirms } from "./confirm";
import { watchFailures } from "./failures";
import { watchForms } from "./forms";
import { watchKeys } from "./keys";
import { watchMenus } from "./menus";
import { watchNarrow } from "./narrow";
import { watchTabs } from "./tabs";
import { watchTimes } from "./times";

watchMenus();
watchConfirms();
watchFailures();
watchForms();
watchKeys();
watchNarrow();
watchTabs();
watchTimes();
