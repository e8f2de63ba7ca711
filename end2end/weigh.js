// What each dependency weighs in the page: the code of a build with its names, by crate. Bytes before
// compression; what is compressed cannot be told apart.
import { readFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);
let at = 8;
const number = () => {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
};
const text = () => {
  const length = number();
  at += length;
  return bytes.toString("utf8", at - length, at);
};

let imported = 0;
let data = 0;
const sizes = [];
const names = new Map();
while (at < bytes.length) {
  const section = bytes[at++];
  const size = number();
  const end = at + size;
  if (section === 2) {
    for (let n = number(); n > 0; n--) {
      text();
      text();
      const kind = bytes[at++];
      if (kind === 0) {
        imported++;
        number();
      } else if (kind === 3) at += 2;
      else {
        if (kind === 1) at++;
        const limits = bytes[at++];
        number();
        if (limits & 1) number();
      }
    }
  } else if (section === 10) {
    for (let n = number(); n > 0; n--) {
      const length = number();
      sizes.push(length);
      at += length;
    }
  } else if (section === 11) data = size;
  else if (section === 0 && text() === "name") {
    while (at < end) {
      const part = bytes[at++];
      const stop = number() + at;
      if (part === 1) for (let n = number(); n > 0; n--) names.set(number(), text());
      at = stop;
    }
  }
  at = end;
}

// The crate that a mangled name begins with; of an implementation, the first that it names.
const crate = (name = "") => {
  const known = name.match(/(?:^_ZN|\$LT\$|_|\$u20\$|\d)(tachys|leptos_meta|leptos|reactive_graph|either_of|serde_json|serde_core|serde|protocol|app|frontend|gloo_net|js_sys|web_sys|wasm_bindgen|futures\w*|uuid|hashbrown|core|alloc|std|dlmalloc)(?=\d|\.\.|\$|_|E)/);
  return known?.[1].replace(/^serde$/, "serde_core") ?? "others";
};
const weights = new Map([["(data: texts and tables)", data]]);
sizes.forEach((size, n) => {
  const key = crate(names.get(n + imported));
  weights.set(key, (weights.get(key) ?? 0) + size);
});
const all = [...weights].sort(([, one], [, other]) => other - one);
const total = all.reduce((sum, [, size]) => sum + size, 0);
console.log("| part | bytes | share |\n| --- | --- | --- |");
for (const [name, size] of all) {
  if (size > 1_000) console.log(`| ${name} | ${size.toLocaleString("en")} | ${((100 * size) / total).toFixed(1)} % |`);
}
