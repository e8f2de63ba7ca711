// The few lines of the pages without WASM: the eye beside a password, how strong a new one is, and the
// work that a house may ask of who signs up.
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

// Judged by the server, once the typing stands still.
for (const input of document.querySelectorAll("[data-strength]")) {
  const bar = document.getElementById(`${input.id}-strength`);
  const hint = document.getElementById(`${input.id}-hint`);
  const words = ["username", "email"].map((name) => input.form.elements[name]);
  let typed = 0;
  input.addEventListener("input", () => {
    const number = ++typed;
    setTimeout(async () => {
      if (number !== typed || input.value.length < 8) return;
      const answer = await fetch("/api/v1/password-strength", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          password: input.value,
          words: words.map((field) => field?.value ?? "").filter(Boolean),
        }),
      }).catch(() => null);
      if (number !== typed || !answer?.ok) return;
      const { score, says } = await answer.json();
      bar.dataset.score = Math.max(score, 1);
      bar.hidden = false;
      hint.textContent = says;
    }, 250);
  });
}

// SHA-256, since a page on plain HTTP has no crypto.subtle.
const roots = [];
const primes = [];
for (let n = 2; primes.length < 64; n++) {
  if (primes.some((prime) => n % prime === 0)) continue;
  primes.push(n);
  const fraction = (power) => ((n ** power % 1) * 2 ** 32) | 0;
  roots.push([fraction(1 / 2), fraction(1 / 3)]);
}

const firstWordOfSha256 = (text) => {
  const bytes = new TextEncoder().encode(text);
  const length = ((bytes.length + 8) >> 6) + 1;
  const words = new Int32Array(length * 16);
  bytes.forEach((byte, at) => (words[at >> 2] |= byte << (24 - (at % 4) * 8)));
  words[bytes.length >> 2] |= 0x80 << (24 - (bytes.length % 4) * 8);
  words[length * 16 - 1] = bytes.length * 8;
  const state = roots.slice(0, 8).map(([square]) => square);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < words.length; block += 16) {
    const w = [...words.subarray(block, block + 16)];
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      if (i >= 16) {
        const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roots[i][1] + w[i]) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = (state[at] + word) | 0));
  }
  return state[0] >>> 0;
};

// A few thousand tries at a time, so that typing is not disturbed.
for (const input of document.querySelectorAll("[data-challenge]")) {
  const answer = input.form.elements.answer;
  let n = 0;
  let waits = false;
  // Who is faster than the work waits for it.
  input.form.addEventListener("submit", (event) => {
    if (answer.value === "") {
      event.preventDefault();
      waits = true;
    }
  });
  const work = () => {
    for (const end = n + 2000; n < end; n++) {
      if (firstWordOfSha256(`${input.value}:${n}`) >>> 16 === 0) {
        answer.value = n;
        if (waits) input.form.requestSubmit();
        return;
      }
    }
    setTimeout(work);
  };
  work();
}
