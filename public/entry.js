// The few lines of the pages without WASM: the eye beside a password.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shows = input.type === "password";
    input.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
    button.setAttribute("aria-label", shows ? "Hide the password" : "Show the password");
    button.querySelector("use").setAttribute("href", shows ? "#i-eye-off" : "#i-eye");
  });
}
