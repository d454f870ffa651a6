/*
 * <form data-confirm="Remove Mira from the team?" data-confirm-yes="Remove"> asks before it is sent. The dialog is the
 * <dialog id="confirm"> of the shell; without it, or without a script, the form is sent at once.
 */
function parts(): { dialog: HTMLDialogElement; text: HTMLElement; yes: HTMLButtonElement } | null {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#confirm");
  const text = dialog?.querySelector<HTMLElement>("[data-confirm-text]");
  const yes = dialog?.querySelector<HTMLButtonElement>("button[value=yes]");
  return dialog && text && yes ? { dialog, text, yes } : null;
}

function ask(question: string, yesLabel: string | undefined, then: () => void): boolean {
  const found = parts();
  if (!found) return false;
  const { dialog, text, yes } = found;
  text.textContent = question;
  yes.textContent = yesLabel ?? yes.dataset.label ?? yes.textContent;
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "yes") then();
    },
    { once: true },
  );
  dialog.returnValue = "";
  dialog.showModal();
  return true;
}

export function watchConfirms(): void {
  const agreed = new WeakSet<HTMLFormElement>();
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target as HTMLFormElement;
      const question = form.dataset.confirm;
      if (!question || agreed.delete(form)) return;
      const submitter = event.submitter;
      const asked = ask(question, form.dataset.confirmYes, () => {
        agreed.add(form);
        form.requestSubmit(submitter);
      });
      if (asked) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    { capture: true },
  );
}
