// Everything works without this file. With it: drop and paste, previews, pages that move on without a flash.
"use strict";

const MB = 1024 * 1024;

function say(input, sentence) {
  input.setCustomValidity(sentence);
  if (sentence) input.reportValidity();
}

function showPreviews(input) {
  const box = document.getElementById(input.dataset.preview);
  const limit = Number(input.dataset.maxBytes);
  box.replaceChildren();
  let tooLarge = "";
  for (const file of input.files) {
    if (limit && file.size > limit) tooLarge = `“${file.name}” is too large: at most ${Math.floor(limit / MB)} MB are accepted.`;
    const figure = document.createElement("figure");
    const image = document.createElement("img");
    const caption = document.createElement("figcaption");
    const url = URL.createObjectURL(file);
    image.alt = "";
    image.onload = () => URL.revokeObjectURL(url);
    image.onerror = () => image.remove();
    image.src = url;
    caption.textContent = file.name;
    figure.append(image, caption);
    box.append(figure);
  }
  box.classList.toggle("filled", input.files.length > 0);
  say(input, tooLarge);
}

// Two inputs may feed one preview (a file, the camera): the one used last counts.
function clearSiblings(input) {
  for (const other of document.querySelectorAll(`input[type=file][data-preview="${input.dataset.preview}"]`)) {
    if (other !== input) {
      other.value = "";
      other.setCustomValidity("");
    }
  }
}

// Some systems know no type for the photos of phones.
const isImage = (file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name);

function take(input, files) {
  const images = [...files].filter(isImage);
  if (!images.length) return;
  const transfer = new DataTransfer();
  for (const file of input.multiple ? images : images.slice(0, 1)) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");

function acceptDrops(zone) {
  const input = document.getElementById(zone.dataset.drop);
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };
  zone.addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
  zone.addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
  zone.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    mark(-depth);
    take(input, event.dataTransfer.files);
  });
}

function acceptPaste(zone) {
  window.addEventListener("paste", (event) => {
    if (!event.clipboardData || !event.clipboardData.files.length) return;
    take(document.getElementById(zone.dataset.drop), event.clipboardData.files);
  });
}

function busyWhileSending(form) {
  const button = form.querySelector("button[data-busy]");
  if (!button) return;
  const idle = button.textContent;
  form.addEventListener("submit", () => {
    button.textContent = button.dataset.busy;
    button.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    button.textContent = idle;
    button.disabled = false;
  });
}

async function awaitAnswer(url) {
  for (;;) {
    await new Promise((resume) => setTimeout(resume, 400));
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" } });
      if (response.status !== 202) return location.replace(url);
    } catch {
      // The server is away for a moment: go on asking.
    }
  }
}

// For screen readers, and only when there is something new to say.
function announce(sentence) {
  const said = document.getElementById("said");
  if (said && sentence && said.textContent !== sentence) said.textContent = sentence;
}

// Replace the live part of the page while its job runs; focus and scroll position stay.
async function keepFresh() {
  const live = document.querySelector("[data-refresh]");
  if (!live) return;
  await new Promise((resume) => setTimeout(resume, 1000 * Number(live.dataset.refresh)));
  if (!document.hidden && !live.contains(document.activeElement)) {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (response.redirected) return location.reload(); // to the sign-in page, once the browser is signed out
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("live");
      if (response.ok && fresh) {
        live.replaceWith(fresh);
        announce(fresh.dataset.said);
      }
    } catch {
      // As above.
    }
  }
  return keepFresh();
}

// The server says the same on the page of the book; here it is said while the number can still be looked at.
function hasWrongCheckDigit(text) {
  const digits = [...text.replace(/[^0-9Xx]/g, "").toUpperCase()].map((digit) => (digit === "X" ? 10 : Number(digit)));
  const sum = (weigh) => digits.reduce((total, digit, place) => total + digit * weigh(place), 0);
  if (digits.length === 13) return sum((place) => (place % 2 ? 3 : 1)) % 10 !== 0;
  return digits.length === 10 && sum((place) => 10 - place) % 11 !== 0;
}

function checkIsbn(input) {
  const hint = document.getElementById("isbn-hint");
  const usual = hint.textContent;
  input.addEventListener("change", () => {
    const wrong = hasWrongCheckDigit(input.value);
    hint.textContent = wrong ? "The check digit does not fit: one of the digits is probably wrong." : usual;
    hint.classList.toggle("wrong", wrong);
  });
}

for (const input of document.querySelectorAll("input[type=file][data-preview]")) {
  input.addEventListener("change", () => {
    clearSiblings(input);
    showPreviews(input);
  });
}
for (const input of document.querySelectorAll("input#isbn")) checkIsbn(input);
for (const form of document.querySelectorAll("form")) busyWhileSending(form);
for (const zone of document.querySelectorAll("[data-drop]")) acceptDrops(zone);
for (const zone of document.querySelectorAll("[data-paste]")) acceptPaste(zone);
// A file that misses its place must not replace the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => carriesFiles(event) && event.preventDefault());
const waiting = document.querySelector("[data-await]");
if (waiting) awaitAnswer(waiting.dataset.await);
keepFresh();
