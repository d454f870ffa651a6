/*
 * data-autosubmit: a filter form is sent when a choice in it changes (its button remains for those without a script),
 * but not for choices within data-together, which are made one after the other and sent by a button.
 * data-copy="#id": the button copies that field's text and says so with the words in data-copied.
 * data-clear="#id": the button empties that element.
 * data-check="selector": the button ticks those boxes, or unticks them if all are ticked.
 * data-idle="selector": what htmx would fetch here waits for the next time while the page has such an element.
 * data-once: a form is sent once, however often its button is pressed.
 */
function copy(button: HTMLButtonElement): void {
  const source = document.querySelector<HTMLInputElement>(button.dataset.copy ?? "");
  if (!source) return;
  source.select();
  void navigator.clipboard.writeText(source.value).then(() => {
    const before = button.textContent;
    button.textContent = button.dataset.copied ?? before;
    setTimeout(() => (button.textContent = before), 2000);
  });
}

function checkAll(selector: string): void {
  const boxes = [...document.querySelectorAll<HTMLInputElement>(selector)];
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
}

export function watchForms(): void {
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLElement;
    const form = field.closest<HTMLFormElement>("form[data-autosubmit]");
    if (form && !field.closest("[data-together]") && field.matches("select, input[type=checkbox], input[type=radio], input[type=date]")) form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const button = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-copy]");
    if (button) copy(button);
    const clear = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-clear]");
    const check = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-check]");
    if (check) checkAll(check.dataset.check ?? "");
    if (clear) document.querySelector(clear.dataset.clear ?? "")?.replaceChildren();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const busy = (event.target as HTMLElement).dataset.idle;
    if (busy && document.querySelector(busy)) event.preventDefault();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.hasAttribute("data-once") || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset.sent;
  });
}
