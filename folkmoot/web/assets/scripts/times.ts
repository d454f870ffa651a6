/*
 * <time datetime="…" data-relative> shows how long ago it was; the full date, in the person's own time zone as the
 * server wrote it, moves to the tooltip. Older than a week, the date stays.
 */
const STEPS: [Intl.RelativeTimeFormatUnit, number, number][] = [
  ["second", 60, 1],
  ["minute", 3600, 60],
  ["hour", 86_400, 3600],
  ["day", 7 * 86_400, 86_400],
];
const EVERY = 30_000;

function words(seconds: number, language: string): string | null {
  const step = STEPS.find(([, limit]) => Math.abs(seconds) < limit);
  if (!step) return null;
  const [unit, , size] = step;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  return unit === "second" ? format.format(0, "second") : format.format(Math.round(seconds / size), unit);
}

function tell(time: HTMLTimeElement): void {
  const at = Date.parse(time.dateTime);
  if (Number.isNaN(at)) return;
  time.title ||= time.textContent?.trim() ?? "";
  time.textContent = words((at - Date.now()) / 1000, document.documentElement.lang) ?? time.title;
}

function tellAll(root: ParentNode): void {
  root.querySelectorAll<HTMLTimeElement>("time[data-relative]").forEach(tell);
}

export function watchTimes(): void {
  tellAll(document);
  setInterval(() => tellAll(document), EVERY);
  document.addEventListener("htmx:load", (event) => tellAll(event.target as HTMLElement));
}
