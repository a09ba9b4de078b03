// What a page can do a little better with a script. Every page works without.
"use strict";

// Copy buttons are hidden until there is a script to serve them.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = button.dataset.copied;
      setTimeout(() => { label.textContent = before; }, 2000);
    } catch {
      const text = document.getElementById(button.dataset.source);
      if (text) getSelection().selectAllChildren(text);
    }
  });
}

// A second press of a button that is already at work does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll(".button")) button.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// A waiting page asks for itself again, quietly; without a script it reloads by <meta>.
const waiting = document.querySelector("[data-refresh]");
if (waiting) {
  const ask = async () => {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected) {
        location.replace(answer.url);
        return;
      }
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!next.querySelector("[data-refresh]")) {
        location.reload();
        return;
      }
    } catch {
      // Offline for a moment: ask again.
    }
    setTimeout(ask, waiting.dataset.refresh * 1000);
  };
  setTimeout(ask, waiting.dataset.refresh * 1000);
}
