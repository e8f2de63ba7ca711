import { accessible, alive, expect, signIn, test } from "../house.js";

const composer = (page) => page.getByRole("textbox", { name: /^Message / });
const log = (page) => page.getByRole("log");

test("two people write to each other, live, with everything stored", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  const his = await visit(theo);
  await hers.goto("/friends");
  await alive(hers);
  await hers.getByRole("link", { name: "Message Theo Okafor" }).click();
  await expect(hers).toHaveURL(`/rooms/${room}`);
  await his.goto(`/rooms/${room}`);
  await alive(his);
  await accessible(hers);
  await composer(hers).fill("Who brings coffee?");
  await composer(hers).press("Enter");
  await expect(log(his).getByText("Who brings coffee?")).toBeVisible();
  await expect(log(hers).getByRole("img", { name: "Stored" })).toBeVisible();
  await composer(his).fill("I will.");
  await composer(his).press("Shift+Enter");
  await composer(his).pressSequentially("And the good cups.");
  await his.getByRole("button", { name: "Send" }).click();
  await expect(log(hers).getByText("And the good cups.")).toBeVisible();
  await expect(composer(his)).toHaveValue("");
  await accessible(his);
  const stored = await house.rest("GET", `/rooms/${room}/messages`, { token: mara.token });
  expect(stored.body.items.map((item) => [item.seq, item.body])).toEqual([
    [1, "Who brings coffee?"],
    [2, "I will.\nAnd the good cups."],
  ]);
  await his.reload();
  await expect(log(his).getByText("Who brings coffee?")).toBeVisible();
});

test("the same without JavaScript", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara, { javaScriptEnabled: false });
  await hers.goto("/friends");
  await hers.getByRole("link", { name: "Message Theo Okafor" }).click();
  await composer(hers).fill("Plain as paper.");
  await hers.getByRole("button", { name: "Send" }).click();
  await expect(hers).toHaveURL(`/rooms/${room}`);
  await expect(log(hers).getByText("Plain as paper.")).toBeVisible();
  for (let n = 1; n <= 60; n += 1) await house.say(theo, room, `line ${n}`);
  await hers.reload();
  await expect(log(hers).getByText("line 60", { exact: true })).toBeVisible();
  await hers.getByRole("link", { name: "Older messages" }).click();
  await expect(log(hers).getByText("Plain as paper.")).toBeVisible();
  await accessible(hers);
  await composer(hers).fill("x".repeat(4_001));
  await hers.getByRole("button", { name: "Send" }).click();
  await expect(hers.getByText("A message has at most 4,000 characters.")).toBeVisible();
});

test("the page has its messages before any script", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await house.say(theo, room, "in the HTML");
  const page = await visit(mara);
  const html = await (await page.request.get(`/rooms/${room}`)).text();
  expect(html).toContain("in the HTML");
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await expect(log(page).getByText("in the HTML")).toBeVisible();
  expect(asked.filter((path) => path.includes("/messages"))).toEqual([]);
});

test("an event redraws one keyed row and no other", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  for (let n = 1; n <= 20; n += 1) await house.say(theo, room, `line ${n}`);
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await composer(page).fill("a row of mine");
  await page.evaluate(() => {
    const list = document.querySelector("[role=log] ol");
    window.rows = new Map([...list.children].map((row) => [row, row.outerHTML]));
    window.changed = new Set();
    window.added = 0;
    new MutationObserver((records) => {
      for (const { target, addedNodes, removedNodes } of records) {
        if (target === list) window.added += addedNodes.length - removedNodes.length;
        const row = target.nodeType === 1 ? target.closest("li") : target.parentElement?.closest("li");
        if (window.rows.has(row)) window.changed.add(row.textContent);
      }
    }).observe(list, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  await composer(page).press("Enter");
  const mine = log(page).locator("li", { hasText: "a row of mine" });
  // The row that was pending is the row that is stored.
  await mine.evaluate((row) => (row.dataset.same = "yes"));
  await expect(mine.getByRole("img", { name: "Stored" })).toBeVisible();
  await expect(mine).toHaveAttribute("data-same", "yes");
  await house.say(theo, room, "a row of his");
  await expect(log(page).getByText("a row of his")).toBeVisible();
  const { changed, added } = await page.evaluate(() => ({ changed: [...window.changed], added: window.added }));
  expect(changed).toEqual([]);
  expect(added).toBe(2);
});

test("moving between pages loads none anew", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await house.say(theo, room, "hello there");
  const page = await visit(mara);
  await page.goto("/");
  await alive(page);
  await page.evaluate(() => (window.same = true));
  await page.getByRole("link", { name: /Theo Okafor/ }).first().click();
  await expect(log(page).getByText("hello there")).toBeVisible();
  await page.getByRole("complementary").getByRole("link", { name: "Profile" }).click();
  await expect(page.getByRole("heading", { name: "Theo Okafor", level: 1 })).toBeVisible();
  await page.goBack();
  await expect(log(page).getByText("hello there")).toBeVisible();
  await page.getByRole("link", { name: /^Friends/ }).first().click();
  await expect(page.getByText(/^(Here now|Others) · 1$/)).toBeVisible();
  expect(await page.evaluate(() => window.same)).toBe(true);
  await expect(page).toHaveTitle("Friends · Kith");
});

test("unread rises while nobody looks, and is gone once they do", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(mara);
  await page.goto("/friends");
  await alive(page);
  for (const body of ["one", "two", "three"]) await house.say(theo, room, body);
  const row = page.getByRole("navigation", { name: "Chats" }).getByRole("link", { name: /Theo Okafor/ });
  await expect(row).toContainText("3 unread");
  await expect(page).toHaveTitle("(1) Friends · Kith");
  await row.click();
  await expect(log(page).getByText("New")).toBeVisible();
  await expect(row).not.toContainText("unread");
  const seen = await house.rest("GET", `/rooms/${room}`, { token: mara.token });
  expect(seen.body.unread).toBe(0);
});

test("who marks a message as unread and answers after all has read what comes then", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await house.say(theo, room, "have you seen this");
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await log(page).getByText("have you seen this").hover();
  await page.getByRole("button", { name: "Mark unread from here" }).click();
  await expect(page).toHaveTitle(/^\(1\)/);
  await page.getByRole("textbox", { name: "Message Theo Okafor" }).fill("I have");
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveTitle(/^\(/);
  await house.say(theo, room, "and what of it");
  await expect(log(page).getByText("and what of it")).toBeVisible();
  await expect.poll(async () => {
    const { body } = await house.rest("GET", `/rooms/${room}`, { token: mara.token });
    return body.unread;
  }).toBe(0);
  await expect(page).not.toHaveTitle(/^\(/);
});

test("what one has begun to write is shown to nobody else who signs in here", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(mara);
  const begun = async (name, text) => {
    await page.goto(`/rooms/${room}`);
    await alive(page);
    await expect(page.getByRole("textbox", { name: `Message ${name}` })).toHaveValue(text);
  };
  await begun("Theo Okafor", "");
  await page.getByRole("textbox", { name: "Message Theo Okafor" }).fill("half a thought");
  for (const [person, name, text] of [[theo, "Mara Lindqvist", ""], [mara, "Theo Okafor", "half a thought"]]) {
    await page.context().clearCookies();
    await signIn(page, person);
    await begun(name, text);
  }
});

test("a page whose account is another's by now says nothing for them", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(mara);
  let server;
  let comeBack;
  let comes = Promise.resolve();
  await page.routeWebSocket(/\/api\/v1\/socket/, async (socket) => {
    await comes;
    server = socket.connectToServer();
    server.onMessage((text) => socket.send(text));
    socket.onMessage((text) => server.send(text));
    comes = new Promise((resolve) => (comeBack = resolve));
    server.lose = () => socket.close();
  });
  await page.goto(`/rooms/${room}`);
  await alive(page);
  const box = page.getByRole("textbox", { name: "Message Theo Okafor" });
  await box.fill("from Mara");
  await page.keyboard.press("Enter");
  await expect(log(page).getByRole("img", { name: "Stored" })).toBeVisible();
  await page.context().clearCookies();
  const other = await page.context().newPage();
  await signIn(other, theo);
  server.lose();
  await box.fill("from nobody but Mara");
  await page.keyboard.press("Enter");
  comeBack();
  await expect(page.getByRole("textbox", { name: "Message Mara Lindqvist" })).toBeVisible();
  const { body } = await house.rest("GET", `/rooms/${room}/messages`, { token: theo.token });
  expect(body.items.map((message) => message.body)).toEqual(["from Mara"]);
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? ", at once" : ", without JavaScript";

  test(`unfriending closes the room for both; friendship opens it again${how}`, async ({ visit, house }) => {
    const { mara, theo, room } = await house.friends();
    await house.say(theo, room, "before");
    const page = await visit(mara, { javaScriptEnabled });
    // Without JavaScript nothing comes by itself: look again.
    const look = async () => {
      if (!javaScriptEnabled) await page.goto(`/rooms/${room}`);
    };
    await page.goto(`/rooms/${room}`);
    if (javaScriptEnabled) await alive(page);
    await expect(composer(page)).toBeVisible();
    await house.rest("DELETE", `/friends/${mara.username}`, { token: theo.token });
    if (!javaScriptEnabled) {
      // Written before she looked again: refused, and not lost.
      await composer(page).fill("are you there?");
      await page.getByRole("button", { name: "Send" }).click();
    }
    await expect(page.getByText("You must be friends to chat.").first()).toBeVisible();
    await look();
    await expect(page.getByText("You must be friends to chat.")).toBeVisible();
    await expect(composer(page)).toHaveCount(0);
    await expect(log(page).getByText("before")).toBeVisible();
    await accessible(page);
    await house.befriend(theo, mara);
    await look();
    await expect(composer(page)).toBeVisible();
  });

  test(`script in a message runs nowhere${javaScriptEnabled ? "" : ", and stands as text without JavaScript"}`, async ({
    visit,
    house,
  }) => {
    const { mara, theo, room } = await house.friends();
    const evil = "</textarea></script><script>window.ran = 1</script><img src=x onerror='window.ran = 2'>";
    await house.say(theo, room, evil);
    const page = await visit(mara, { javaScriptEnabled });
    await page.goto(`/rooms/${room}`);
    await expect(log(page).getByText(evil)).toBeVisible();
    if (!javaScriptEnabled) {
      await expect(log(page).locator("img[src], script")).toHaveCount(0);
      return;
    }
    await alive(page);
    await house.say(theo, room, `${evil} again`);
    await expect(log(page).getByText("again")).toBeVisible();
    await composer(page).fill(evil);
    await composer(page).press("Enter");
    await expect(log(page).getByRole("img", { name: "Stored" })).toBeVisible();
    expect(await page.evaluate(() => window.ran)).toBeUndefined();
  });
}

test("what was written while the server was gone is sent once it is back", async ({ visit }) => {
  const { House } = await import("../house.js");
  const house = await House.open();
  try {
    const { mara, theo, room } = await house.friends();
    const page = await visit(null, { baseURL: house.url });
    // This house is not the worker's: the watch for foreign requests knows the other one.
    page.removeAllListeners("request");
    const { signIn } = await import("../house.js");
    await signIn(page, mara);
    await page.goto(`/rooms/${room}`);
    await alive(page);
    await composer(page).fill("first");
    await composer(page).press("Enter");
    await expect(log(page).getByRole("img", { name: "Stored" })).toBeVisible();
    await house.kill();
    await composer(page).fill("while you were away");
    await composer(page).press("Enter");
    await expect(log(page).getByText("while you were away")).toBeVisible();
    await expect(log(page).getByText("(sending)")).toBeAttached();
    await expect(page.getByText("Not connected.")).toBeVisible();
    await house.start();
    await house.say(theo, room, "and while you were, too");
    // The longer it was away, the longer it waits to try again.
    await expect(log(page).getByText("and while you were, too")).toBeVisible({ timeout: 60_000 });
    await expect(log(page).getByText("(sending)")).toHaveCount(0, { timeout: 40_000 });
    const stored = await house.rest("GET", `/rooms/${room}/messages`, { token: mara.token });
    const bodies = stored.body.items.map((item) => item.body).sort();
    expect(bodies).toEqual(["and while you were, too", "first", "while you were away"]);
  } finally {
    await house.close();
  }
});

// Leaves a message in the browser as an earlier page would have: said, and not sent.
async function leaveUnsent(page, house, person, room, body) {
  const me = await house.rest("GET", "/me", { token: person.token });
  const id = "01a2006a-389d-713b-b42e-38cc34b81d2b";
  const pending = { id, room, body, created_at: "2026-01-01T00:00:00.000Z", state: "Waiting" };
  await page.evaluate(
    ([key, pending]) => localStorage.setItem(key, JSON.stringify(pending)),
    [`kith.unsent.${me.body.id}.${id}`, pending],
  );
}

test("pending messages survive a reload", async ({ visit, house }) => {
  const { mara, room } = await house.friends();
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await leaveUnsent(page, house, mara, room, "from before the reload");
  await page.reload();
  await expect(log(page).getByText("from before the reload")).toBeVisible();
  await expect(log(page).getByRole("img", { name: "Stored" })).toBeVisible();
});

test("a message that the server refuses can be tried again or deleted", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await leaveUnsent(page, house, mara, room, "x".repeat(4_001));
  await page.reload();
  const failed = log(page).getByText("Not sent. A message has at most 4,000 characters.");
  await expect(failed).toBeVisible();
  await composer(page).fill("said after it");
  await composer(page).press("Enter");
  await expect(log(page).getByText("said after it")).toBeVisible();
  await accessible(page);
  await log(page).getByRole("button", { name: "Try again" }).click();
  await expect(failed).toBeVisible();
  expect((await house.rest("GET", `/rooms/${room}`, { token: theo.token })).body.last_seq).toBe(0);
  await log(page).getByRole("button", { name: "Delete" }).click();
  await expect(failed).toHaveCount(0);
  await expect(log(page).getByRole("img", { name: "Stored" })).toBeVisible();
  const stored = await house.rest("GET", `/rooms/${room}/messages`, { token: theo.token });
  expect(stored.body.items.map((item) => item.body)).toEqual(["said after it"]);
});

test("what cannot be a message stays in the composer, with the reason", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await composer(page).fill("x".repeat(4_001));
  await composer(page).press("Enter");
  await expect(page.getByText("A message has at most 4,000 characters.")).toBeVisible();
  await composer(page).fill("   ");
  await composer(page).press("Enter");
  await expect(log(page).locator("li")).toHaveCount(0);
  await composer(page).fill("draft");
  await page.reload();
  await alive(page);
  await expect(composer(page)).toHaveValue("draft");
  await house.say(theo, room, "still here");
  await expect(log(page).getByText("still here")).toBeVisible();
});

test("older messages come as one scrolls, and what is read stays in its place", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  for (let n = 1; n <= 130; n += 1) await house.say(theo, room, `line ${n}`);
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await expect(log(page).getByText("line 130", { exact: true })).toBeInViewport();
  const scroller = page.getByRole("region", { name: "Messages" });
  const anchor = log(page).getByText("line 85", { exact: true });
  await anchor.scrollIntoViewIfNeeded();
  const before = (await anchor.boundingBox()).y;
  await scroller.evaluate((element) => element.dispatchEvent(new Event("scroll")));
  await scroller.evaluate((element) => (element.scrollTop = -element.scrollHeight));
  await expect(log(page).getByText("line 40", { exact: true })).toBeAttached();
  await anchor.scrollIntoViewIfNeeded();
  await house.say(theo, room, "the newest");
  await expect(page.getByRole("button", { name: "1 new message" })).toBeVisible();
  const y = (await anchor.boundingBox()).y;
  await house.say(theo, room, "and one more");
  await expect(page.getByRole("button", { name: "2 new messages" })).toBeVisible();
  expect(Math.abs((await anchor.boundingBox()).y - y)).toBeLessThanOrEqual(1);
  expect(before).toBeGreaterThan(0);
  await page.getByRole("button", { name: "2 new messages" }).click();
  await expect(log(page).getByText("and one more")).toBeInViewport();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";

  test(`a phone shows one pane, with a way back${how}`, async ({ visit, house }) => {
    const { mara, theo, room } = await house.friends();
    await house.say(theo, room, "on the phone");
    const viewport = { width: 360, height: 740 };
    const page = await visit(mara, { javaScriptEnabled, viewport, hasTouch: true });
    await page.goto("/");
    if (javaScriptEnabled) await alive(page);
    await accessible(page);
    await page.getByRole("link", { name: /Theo Okafor/ }).first().click();
    await expect(log(page).getByText("on the phone")).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Chats" })).toBeHidden();
    await accessible(page);
    const width = await page.locator("html").evaluate((html) => html.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    await page.getByRole("link", { name: "Back to all chats" }).click();
    await expect(page.getByRole("navigation", { name: "Chats" })).toBeVisible();
  });
}
