/*
 * One-key shortcuts: j and k walk through [data-item] of a [data-list], Enter opens, / goes to [data-search], ? shows
 * the list of keys, g then a letter goes to the area whose link has that data-key. They can be switched off in that
 * same list, because speech input and unsteady hands send stray letters (WCAG 2.1.4).
 */
import { once } from "./pair";

const OFF = "folkmoot.keys.off";

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, select, textarea"));
}

function links(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-list] [data-item]")].map(
    (item) => item.querySelector<HTMLElement>(".list-link") ?? item,
  );
}

function walk(by: number): void {
  const all = links();
  const now = all.findIndex((link) => link === document.activeElement || link.closest("[data-item]")?.contains(document.activeElement));
  const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1)];
  next?.focus();
  next?.closest("[data-item]")?.scrollIntoView({ block: "nearest" });
}

function help(): void {
  document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();
}

function search(): void {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  field?.focus();
  field?.select();
}

const KEYS: Record<string, () => void> = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": search,
  "?": help,
};

function go(letter: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(`.rail-link[data-key="${CSS.escape(letter)}"]`);
  link?.click();
  return link !== null;
}

function watchSwitch(): void {
  const box = document.querySelector<HTMLInputElement>("input[data-keys-on]");
  if (!box) return;
  box.checked = localStorage.getItem(OFF) === null;
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes")));
}

export function watchKeys(): void {
  watchSwitch();
  const afterG = once(1000);
  document.addEventListener("click", (event) => {
    if ((event.target as HTMLElement).closest("[data-show-keys]")) help();
  });
  document.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!plain || typing(event.target) || localStorage.getItem(OFF) || document.querySelector("dialog[open]")) return;
    const key = letterOf(event);
    if (afterG.waiting() && go(key)) {
      event.preventDefault();
    } else if (key === "g") {
      afterG.start();
    } else if (KEYS[key]) {
      event.preventDefault();
      KEYS[key]();
    }
  });
}

/* With a Cyrillic layout the j key types о, and the slash key a full stop: they are taken by their place. */
function letterOf(event: KeyboardEvent): string {
  if (/^[\u0400-\u04ff]$/.test(event.key) && event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  if (event.code === "Slash" && event.key === ".") return "/";
  if (event.code === "Slash" && event.key === ",") return "?";
  return event.key;
}
