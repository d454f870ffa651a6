/* Where tabs are wider than the screen, the one that is open is moved into sight. */
export function watchTabs(): void {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
