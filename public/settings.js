// The few lines of the settings: which square of a picture is shown, and the system's messages.
const form = document.querySelector("[data-crop]");
if (form) {
  const file = form.querySelector("input[type=file]");
  const crop = form.querySelector(".crop");
  const canvas = form.querySelector("canvas");
  const zoom = form.querySelector("input[type=range]");
  const fault = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  let picture = null;
  // The middle of what is shown, as a part of the picture.
  let at = { x: 0.5, y: 0.5 };

  const shown = () => {
    const side = Math.min(picture.width, picture.height) / zoom.value;
    const keep = (part, length) => {
      const half = side / 2 / length;
      return Math.min(Math.max(part, half), 1 - half);
    };
    at = { x: keep(at.x, picture.width), y: keep(at.y, picture.height) };
    return [at.x * picture.width - side / 2, at.y * picture.height - side / 2, side, side];
  };
  const draw = (target, size) => {
    target.clearRect(0, 0, size, size);
    target.drawImage(picture, ...shown(), 0, 0, size, size);
  };
  const redraw = () => draw(canvas.getContext("2d"), canvas.width);

  file.addEventListener("change", async () => {
    fault.textContent = "";
    crop.hidden = true;
    picture = null;
    if (!file.files[0]) return;
    if (file.files[0].size > 10 * 1024 * 1024) {
      fault.textContent = "Upload an image smaller than 10 MB.";
      return;
    }
    picture = await createImageBitmap(file.files[0]).catch(() => null);
    if (!picture) {
      fault.textContent = "This picture cannot be read. Take a PNG, JPEG, WebP or GIF.";
      return;
    }
    at = { x: 0.5, y: 0.5 };
    zoom.value = 1;
    crop.hidden = false;
    redraw();
  });
  zoom.addEventListener("input", redraw);

  const move = (x, y) => {
    const side = Math.min(picture.width, picture.height) / zoom.value;
    at.x -= (x / canvas.clientWidth) * (side / picture.width);
    at.y -= (y / canvas.clientWidth) * (side / picture.height);
    redraw();
  };
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) move(event.movementX, event.movementY);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [8, 0], ArrowRight: [-8, 0], ArrowUp: [0, 8], ArrowDown: [0, -8] };
    if (!step[event.key]) return;
    event.preventDefault();
    move(...step[event.key]);
  });

  form.addEventListener("submit", async (event) => {
    if (!picture) return;
    event.preventDefault();
    button.disabled = true;
    const square = document.createElement("canvas");
    square.width = square.height = 512;
    draw(square.getContext("2d"), 512);
    const blob = await new Promise((done) => square.toBlob(done, "image/png"));
    const answer = await fetch("/api/v1/me/avatar", { method: "PUT", body: blob }).catch(() => null);
    if (answer?.ok) {
      location.href = "/settings?said=picture";
      return;
    }
    button.disabled = false;
    const problem = await answer?.json().catch(() => null);
    fault.textContent = problem?.detail ?? "Kith cannot be reached. Try again in a moment.";
  });
}

const notify = document.querySelector("[data-notify]");
if (notify && "Notification" in window) {
  const says = notify.querySelector("p");
  const button = notify.querySelector("button");
  const key = "kith.notify";
  const show = () => {
    const denied = Notification.permission === "denied";
    const on = Notification.permission === "granted" && localStorage.getItem(key) === "true";
    says.textContent = denied
      ? "This browser has been told not to show them. Its own settings can change that."
      : on
        ? "They are shown on this device."
        : "They are not shown on this device.";
    button.hidden = denied;
    button.textContent = on ? "Show them no more" : "Show them on this device";
  };
  button.addEventListener("click", async () => {
    const on = localStorage.getItem(key) === "true" && Notification.permission === "granted";
    if (!on) await Notification.requestPermission();
    localStorage.setItem(key, String(!on));
    show();
  });
  notify.hidden = false;
  show();
}
