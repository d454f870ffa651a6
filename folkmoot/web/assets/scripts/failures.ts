/* An answer that did not come, or came as an error, is said aloud: a page must not look fresh when it is not. */
function say(): void {
  const note = document.querySelector<HTMLTemplateElement>("template#failure-note");
  const place = document.getElementById("flash");
  if (note && place) place.replaceChildren(note.content.cloneNode(true));
}

export function watchFailures(): void {
  document.addEventListener("htmx:sendError", say);
  document.addEventListener("htmx:timeout", say);
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
    if (xhr.status === 401 || xhr.status === 403) window.location.reload();
    else say();
  });
}
