// A long history, read in both directions.
import { House, accessible, alive, expect, signIn, test } from "../house.js";

const rows = (page) => page.locator("li.message");
const scroller = (page) => page.getByRole("region", { name: "Messages" });
const row = (page, text) => page.locator("li.message").filter({ has: page.getByText(text, { exact: true }) });

// So many messages, each with its number.
async function long(house, person, room, count) {
  for (let from = 1; from <= count; from += 50) {
    const some = Array.from({ length: Math.min(50, count - from + 1) }, (_, n) => from + n);
    for (const n of some) await house.say(person, room, `number ${n}`);
  }
}

// Scrolls by hand until something is there, never having more rows than it should.
async function scroll(page, dy, until) {
  const box = await scroller(page).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  while (!(await until.isVisible())) {
    await page.mouse.wheel(0, dy);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await rows(page).count()).toBeLessThanOrEqual(320);
  }
  await expect(until).toBeVisible();
}

test("history is endless both ways, with few rows in the page", async ({ visit, house }) => {
  test.setTimeout(600_000);
  const { mara, theo, room } = await house.friends();
  await long(house, mara, room, 700);
  const page = await visit(theo, { viewport: { width: 1280, height: 700 } });
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await expect(row(page, "number 700")).toBeVisible();
  await expect(page).not.toHaveTitle(/^\(/);
  await scroll(page, -1500, row(page, "number 1"));
  await expect(row(page, "number 700")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "To the newest" })).toBeVisible();
  await accessible(page);
  // What is said meanwhile moves nothing.
  const before = await row(page, "number 3").boundingBox();
  await house.say(mara, room, "meanwhile");
  await house.say(mara, room, "and more");
  await expect(page).toHaveTitle(/^\(/);
  const after = await row(page, "number 3").boundingBox();
  expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(1);
  await scroll(page, 1500, row(page, "and more"));
  await expect(row(page, "number 1")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "To the newest" })).toBeHidden();
  await expect(page).not.toHaveTitle(/^\(/);
});

// The page's own memory, the WASM's, and the elements that it holds, once what is let go is gone.
async function memory(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const { nodes } = await devtools.send("Memory.getDOMCounters");
  await devtools.detach();
  return { heap: usedSize, wasm: await page.evaluate(() => window.wasm.buffer.byteLength), nodes };
}

test("a room of a million messages is read from anywhere, and holds no more however far one scrolls", async ({ visit }) => {
  test.setTimeout(600_000);
  const house = await House.open();
  try {
    await readFromAnywhere(visit, house);
  } finally {
    await house.close();
  }
});

async function readFromAnywhere(visit, house) {
  const { mara, theo, room } = await house.friends();
  await house.fill(mara, room, 1_000_000);
  const page = await visit(null, { at: house, viewport: { width: 1280, height: 700 } });
  await page.addInitScript(() => {
    const start = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (...given) => {
      const started = await start.apply(WebAssembly, given);
      window.wasm = started.instance.exports.memory;
      return started;
    };
  });
  await signIn(page, theo);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await expect(row(page, "number 1000000")).toBeVisible();
  await scroll(page, -1500, row(page, "number 999500"));
  const before = await memory(page);
  await scroll(page, -1500, row(page, "number 996500"));
  const after = await memory(page);
  // Three thousand more were looked at, and are gone.
  expect(after.nodes).toBeLessThan(1.2 * before.nodes);
  expect(after.heap).toBeLessThan(1.2 * before.heap);
  expect(after.wasm).toBeLessThanOrEqual(1.2 * before.wasm);
  for (const seq of [1, 500_000]) {
    await page.goto(`/rooms/${room}?at=${seq}`);
    await alive(page);
    await expect(row(page, `number ${seq}`)).toBeInViewport();
    await scroll(page, 1500, row(page, `number ${seq + 200}`));
  }
  await page.getByRole("button", { name: "To the newest" }).click();
  await expect(row(page, "number 1000000")).toBeInViewport();
  await page.close();
}

test("older and newer pages come without moving what is read", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await long(house, mara, room, 260);
  const page = await visit(theo, { viewport: { width: 1280, height: 700 } });
  await page.goto(`/rooms/${room}?at=130`);
  await alive(page);
  await expect(row(page, "number 130")).toBeInViewport();
  await expect(row(page, "number 260")).toHaveCount(0);
  // What lies near is there already; further on, at either edge of what is loaded, more comes.
  await page.waitForLoadState("networkidle");
  for (const at of [3, -4]) {
    const known = await rows(page).evaluateAll((all) => all.map((one) => one.id));
    const looked = page.locator(`[id="${known.at(at)}"]`);
    // The page is told at once where one looks, as by a hand: what comes in before it knows keeps the old place.
    await looked.evaluate((element) => {
      element.scrollIntoView({ block: "center" });
      element.closest("[role=region]").dispatchEvent(new Event("scroll"));
    });
    const place = () => looked.evaluate((element) => element.getBoundingClientRect().top);
    const before = await place();
    const far = at > 0 ? known[0] : known.at(-1);
    const edge = () => (at > 0 ? rows(page).first() : rows(page).last()).getAttribute("id");
    await expect.poll(edge).not.toBe(far);
    expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(1);
  }
});

test("a link to a message opens around it, and so does a quote of one that is far away", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const first = await house.say(mara, room, "the very first");
  await long(house, mara, room, 120);
  await house.rest("POST", `/rooms/${room}/messages`, { token: mara.token, body: { body: "an answer", reply_to: first.id } });
  for (const javaScriptEnabled of [true, false]) {
    const page = await visit(theo, { javaScriptEnabled });
    await page.goto(`/rooms/${room}?at=20`);
    await expect(row(page, "number 19")).toBeVisible();
    if (javaScriptEnabled) await expect(row(page, "number 19")).toBeInViewport();
    await expect(row(page, "an answer")).toHaveCount(0);
  }
  const page = await visit(theo);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await page.getByRole("button", { name: "An earlier message" }).click();
  await expect(row(page, "the very first")).toBeInViewport();
  await page.getByRole("button", { name: "To the newest" }).click();
  await expect(row(page, "an answer")).toBeInViewport();
  // Rows may still move under the mouse.
  await expect(async () => {
    await row(page, "an answer").hover();
    await row(page, "an answer").getByRole("link", { name: "Link to this message" }).click({ timeout: 1_000 });
  }).toPass();
  await expect(page).toHaveURL(`/rooms/${room}?at=122`);
  // Writing leads to where one's words are.
  await page.goto(`/rooms/${room}?at=20`);
  await alive(page);
  await page.getByRole("textbox").fill("back at the end");
  await page.keyboard.press("Enter");
  await expect(row(page, "back at the end")).toBeInViewport();
});

test("who goes to a message stays there, also where more comes before the browser has told that it scrolled", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const first = await house.say(mara, room, "the very first");
  await long(house, mara, room, 120);
  await house.rest("POST", `/rooms/${room}/messages`, { token: mara.token, body: { body: "an answer", reply_to: first.id } });
  const page = await visit(theo);
  await page.addInitScript(() => {
    window.addEventListener("scroll", (event) => event.isTrusted && event.stopImmediatePropagation(), true);
  });
  let come;
  const wanted = new Promise((resolve) => (come = resolve));
  await page.route(/messages\?after=/, async (route) => {
    await wanted;
    await route.continue();
  });
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await page.getByRole("button", { name: "An earlier message" }).click();
  await expect(row(page, "the very first")).toBeInViewport();
  const before = await rows(page).count();
  come();
  await expect.poll(() => rows(page).count()).toBeGreaterThan(before);
  await expect(row(page, "the very first")).toBeInViewport();
});

test("many unread messages: the way to the first of them", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await long(house, mara, room, 90);
  await house.rest("PUT", `/rooms/${room}/read`, { token: theo.token, body: { seq: 9 } });
  const page = await visit(theo);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await page.getByRole("link", { name: "First unread" }).click();
  await expect(row(page, "number 10")).toBeInViewport();
});
