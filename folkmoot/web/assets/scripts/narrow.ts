/*
 * data-narrow="selector": of those elements only the ones that say what is typed here are shown.
 * data-count="#id" data-most="500": that element tells how many characters are left, or too many.
 */
function narrow(field: HTMLInputElement): void {
  const words = field.value.trim().toLocaleLowerCase();
  for (const one of document.querySelectorAll<HTMLElement>(field.dataset.narrow ?? "")) {
    one.hidden = !(one.textContent ?? "").toLocaleLowerCase().includes(words);
  }
}

function count(field: HTMLTextAreaElement): void {
  const told = document.querySelector<HTMLElement>(field.dataset.count ?? "");
  if (!told) return;
  const left = Number(field.dataset.most) - [...field.value].length;
  told.textContent = new Intl.NumberFormat(document.documentElement.lang).format(left);
  told.toggleAttribute("data-over", left < 0);
}

export function watchNarrow(): void {
  document.addEventListener("input", (event) => {
    const field = event.target as HTMLElement;
    if (field instanceof HTMLInputElement && field.dataset.narrow) narrow(field);
    if (field instanceof HTMLTextAreaElement && field.dataset.count) count(field);
  });
  document.querySelectorAll<HTMLTextAreaElement>("textarea[data-count]").forEach(count);
}
